"""The SIP thread: sippy is imported inside it, asyncio talks to it by two one-way queues."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Any

from telephony.settings import TelephonySettings


class SipThread(threading.Thread):
    """Runs the edge; ``on_tell(kind, bridge id, data)`` is called in the asyncio loop."""

    def __init__(
        self,
        settings: TelephonySettings,
        loop: asyncio.AbstractEventLoop,
        on_tell: Callable[[str, str, dict[str, Any]], None],
        new_id: Callable[[], str],
    ) -> None:
        super().__init__(name="sip", daemon=True)
        self._settings = settings
        self._loop = loop
        self._on_tell = on_tell
        self._new_id = new_id
        self._opened = threading.Event()
        self._failure: BaseException | None = None
        self._edge: Any = None
        self._dispatcher: Any = None

    def run(self) -> None:
        """The thread's life."""
        try:
            from sippy.Core.EventDispatcher import ED2  # noqa: PLC0415  (remembers the thread that imports it)

            from telephony.front_door.sip.edge import Edge  # noqa: PLC0415

            self._dispatcher = ED2
            self._edge = Edge(self._settings, self._tell, self._new_id)
        except BaseException as error:  # noqa: BLE001  (told to the starter)
            self._failure = error
            self._opened.set()
            return
        self._opened.set()
        ED2.loop()
        os._exit(70)  # the dispatcher never returns by itself: a front door without it is deaf

    def _tell(self, kind: str, bridge_id: str, data: dict[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._on_tell, kind, bridge_id, data)

    async def wait_started(self) -> None:
        """Until the address is bound.

        Raises:
            OSError: it cannot be (and whatever else hindered the start).
        """
        await asyncio.to_thread(self._opened.wait)
        if self._failure is not None:
            raise self._failure

    def ask(self, name: str, *arguments: Any) -> None:
        """Call a method of the edge on its thread."""
        self._dispatcher.callFromThread(getattr(self._edge, name), *arguments)

    async def counters(self) -> dict[str, int]:
        """What was counted so far."""
        from telephony.front_door.sip.stack import counters  # noqa: PLC0415  (imported by the thread long ago)

        return dict(counters)
