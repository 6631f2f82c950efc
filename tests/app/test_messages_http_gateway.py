"""The HTTP gateway against a real server: signed, under one id, and clear about what can be tried again."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from app.messages.gateway import PermanentGatewayError, TemporaryGatewayError
from app.messages.http_gateway import HttpGateway

from .sms_gateway import KEY, running


@pytest.fixture
def sms():
    with running() as server:
        yield server


def gateway(url: str, timeout_s: float = 5.0, **values) -> HttpGateway:
    return HttpGateway(url, "k1", KEY, timeout_s, **values)


async def test_a_message_is_posted_with_its_id_and_a_signature_that_the_gateway_can_check(sms):
    await gateway(sms.url).send("m1", "13900000001", "【银川12345】已受理")
    assert sms.delivered == {"m1": {"id": "m1", "recipient": "13900000001", "text": "【银川12345】已受理"}}
    headers, body = sms.requests[0]
    assert (headers["idempotency-key"], headers["x-hotline-key-id"]) == ("m1", "k1")
    assert json.loads(body)["text"].startswith("【银川12345】")


async def test_the_same_message_again_is_accepted_again_and_delivered_once(sms):
    for _ in range(3):
        await gateway(sms.url).send("m1", "13900000001", "一")
    assert (len(sms.requests), len(sms.delivered)) == (3, 1)


async def test_a_request_that_was_overheard_cannot_be_sent_again_nor_changed(sms):
    await gateway(sms.url).send("m1", "13900000001", "一")
    headers, body = sms.requests[0]
    async with httpx.AsyncClient(trust_env=False) as thief:
        assert (await thief.post(sms.url, content=body, headers=headers)).status_code == 409
        changed = {**headers, "x-hotline-nonce": "0" * 32}
        assert (await thief.post(sms.url, content=body, headers=changed)).status_code == 401
        other = body.replace(b"13900000001", b"13900000002")
        assert (await thief.post(sms.url, content=other, headers=headers)).status_code == 401
    assert len(sms.delivered) == 1


async def test_a_request_signed_with_another_key_is_refused_for_ever(sms):
    with pytest.raises(PermanentGatewayError, match=r"http\.401"):
        await HttpGateway(sms.url, "k1", b"another key", 5.0).send("m1", "13900000001", "一")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_a_yes(sms, status):
    sms.answers = [(status, {})]
    await gateway(sms.url).send("m1", "13900000001", "一")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422])
async def test_a_client_error_is_a_no_for_ever(sms, status):
    sms.answers = [(status, {})]
    with pytest.raises(PermanentGatewayError, match=f"^http.{status}$"):
        await gateway(sms.url).send("m1", "13900000001", "一")


@pytest.mark.parametrize("status", [301, 302, 408, 425, 429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_again(sms, status):
    sms.answers = [(status, {"Location": "/elsewhere"})]
    with pytest.raises(TemporaryGatewayError, match=f"^http.{status}$") as refused:
        await gateway(sms.url).send("m1", "13900000001", "一")
    assert refused.value.retry_after is None
    assert len(sms.requests) == 1  # nobody follows it elsewhere with a telephone number


NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        (format_datetime(NOW + timedelta(minutes=7), usegmt=True), timedelta(minutes=7)),
        (format_datetime(NOW - timedelta(minutes=7), usegmt=True), timedelta(0)),
        ("9" * 30, timedelta(days=1)),
        ("9" * 5000, None),
        ("soon", None),
        ("-5", None),
    ],
)
async def test_the_gateways_own_word_on_when_to_come_again_is_heard(header, wait):
    assert gateway("http://127.0.0.1:1", now=lambda: NOW)._wait(header) == wait


async def test_retry_after_comes_with_the_refusal(sms):
    sms.answers = [(503, {"Retry-After": "90"})]
    with pytest.raises(TemporaryGatewayError) as refused:
        await gateway(sms.url).send("m1", "13900000001", "一")
    assert refused.value.retry_after == timedelta(seconds=90)


async def test_a_gateway_that_drips_an_answer_without_end_is_given_up_in_time(sms):
    sms.drip_s = 0.05
    with pytest.raises(TemporaryGatewayError, match="timeout"):
        await gateway(sms.url, timeout_s=0.3).send("m1", "13900000001", "一")


async def test_a_gateway_that_is_not_there_or_hangs_up_is_tried_again():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(TemporaryGatewayError, match="ConnectError"):
            await gateway(f"http://127.0.0.1:{closed.getsockname()[1]}/").send("m1", "13900000001", "一")
    with pytest.raises(TemporaryGatewayError):
        await gateway("http://127.0.0.1:notaport/").send("m1", "13900000001", "一")
