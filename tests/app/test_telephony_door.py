"""The ticket side and the real front door: an order given over the socket, a survey on the wire, its result read."""

from __future__ import annotations

import socket
from datetime import timedelta

import msgspec
import pytest

from app.calls.intake import store
from app.calls.orders import CallOrder, placing
from app.calls.placed import survey_result
from app.calls.telephony_door import OrderRefusedError, TelephonyDoor, TelephonyUnreachableError
from app.clock import utc_now
from app.instance import run_dir
from app.settings import AppSettings
from models.codes import CallOutcome, Satisfied, Solved
from telephony.orders import Order
from tests.fixtures.front_door import SECRET, Door
from tests.fixtures.trunk import Called, trunked

from .telling import rows

NUMBER = "13922280001"


def free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def front_door():
    yield from trunked(orders_port=free_tcp_port())


def seen(door: Door, url: str | None = None) -> TelephonyDoor:
    """As the ticket side sees it."""
    return TelephonyDoor(door.data / "secrets" / "internal", url, door.data / "run" / "orders.sock")


def order(order_id: str, number: str = NUMBER) -> Order:
    return Order(order_id, number, "callback", "callback", utc_now() + timedelta(minutes=5))


async def test_an_ordered_call_comes_back_as_a_result(front_door: Door, db, db_sessions):
    async def number_of(session, callback_id):
        return NUMBER

    give = placing(number_of, seen(front_door), utc_now)
    payload = msgspec.to_builtins(CallOrder("cb-1", 1, "callback", utc_now() + timedelta(minutes=5)))
    with Called.of(front_door) as citizen:
        for _ in range(2):  # as after a crash of the worker
            await give(db_sessions, payload)
        citizen.invited()
        port = citizen.pick_up()
        front_door.wait_for(NUMBER, "greeted")
        for key, kind in (("1", "survey"), ("4", "speech_invited"), ("#", "ended")):
            citizen.press(key, port)
            front_door.wait_for(NUMBER, kind)
            citizen.quiet(0.8)
        assert citizen.request_of("BYE") is not None
        front_door.ended(NUMBER)
        assert len(citizen.dialogs()) == 1
    await store(db, front_door.events(NUMBER))
    await db.commit()
    ((call_id, order_id),) = await rows(
        db, "SELECT payload->>'call_id', payload->>'order_id' FROM outbox WHERE topic = 'callback_call_done'"
    )
    assert order_id == "cb-1"
    result = await survey_result(db, call_id)
    assert result is not None
    assert (result.outcome, result.reached, result.solved, result.satisfied, result.reason) == (
        CallOutcome.SURVEYED, True, Solved.SOLVED, Satisfied.DISSATISFIED, None,
    )  # fmt: skip
    assert await rows(db, "SELECT fault FROM call_events WHERE fault IS NOT NULL") == []
    assert sorted(await rows(db, "SELECT side FROM recordings")) == ["agent", "citizen"]


async def test_a_refusal_comes_with_its_reason(front_door: Door):
    with pytest.raises(OrderRefusedError) as caught:
        await seen(front_door).give(order("cb-2", "110"))
    assert (caught.value.reason, caught.value.retry) == ("order.number_refused", False)


async def test_a_ticket_side_on_another_machine_uses_the_port(front_door: Door):
    url = f"http://127.0.0.1:{front_door._settings['orders_port']}"
    with pytest.raises(OrderRefusedError) as caught:
        await seen(front_door, url).give(order("cb-3", "120"))
    assert caught.value.reason == "order.number_refused"
    wrong = front_door.data / "wrong"
    wrong.write_text("not " + SECRET)
    with pytest.raises(OrderRefusedError) as caught:
        await TelephonyDoor(wrong, url, None).give(order("cb-3"))
    assert caught.value.reason == "order.wrong_secret"


@pytest.mark.parametrize("url", [None, "http://127.0.0.1:9", "no address"])
async def test_a_front_door_that_is_not_there_is_told_as_that(tmp_path, url):
    (tmp_path / "secret").write_text(SECRET)
    with pytest.raises(TelephonyUnreachableError):
        await TelephonyDoor(tmp_path / "secret", url, tmp_path / "nobody.sock").give(order("cb-4"))


async def test_without_the_secret_nothing_is_given(front_door: Door, tmp_path):
    door = TelephonyDoor(tmp_path / "none", None, front_door.data / "run" / "orders.sock")
    with pytest.raises(TelephonyUnreachableError):
        await door.give(order("cb-5"))


def test_the_door_is_that_of_the_settings(tmp_path):
    here = TelephonyDoor.of(AppSettings(data_dir=tmp_path))
    assert (here._url, here._socket) == ("http://front-door", run_dir(tmp_path) / "orders.sock")
    there = TelephonyDoor.of(AppSettings(data_dir=tmp_path, telephony_url="http://10.0.0.9:5080"))
    assert (there._url, there._socket) == ("http://10.0.0.9:5080", None)
