"""Answers leave at once, also from the socket that several web processes share."""

from __future__ import annotations

import asyncio
import socket

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.api.wire import PromptProtocol


async def _nothing(scope, receive, send) -> None:
    raise AssertionError


@pytest.fixture
def shared():
    """As uvicorn binds it: asyncio does not know that it is TCP."""
    with socket.socket(socket.AF_INET) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        yield listening


async def test_no_piece_of_an_answer_waits_for_the_client_to_acknowledge_the_one_before(shared):
    config, met = uvicorn.Config(_nothing, log_config=None), []

    class Watched(PromptProtocol):
        def connection_made(self, transport) -> None:
            super().connection_made(transport)
            met.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def protocol() -> PromptProtocol:
        return Watched(config=config, server_state=ServerState(), app_state={})

    config.load()
    server = await asyncio.get_running_loop().create_server(protocol, sock=shared)
    async with server:
        _, writer = await asyncio.open_connection(*shared.getsockname())
        writer.close()
        await writer.wait_closed()
        for _ in range(100):
            if met:
                break
            await asyncio.sleep(0.01)
    assert met == [1]
