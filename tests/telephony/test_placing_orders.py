"""The door for orders: who may give them, which are taken, and that each is carried out once."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from telephony.dialling import NumberRefusedError
from telephony.front_door.journal import CallRecord, Journal, PlacedRecord
from telephony.front_door.orders import (
    LinesBusyError,
    NotJournalledError,
    NoTrunkError,
    OrderBook,
    OrderDesk,
    OrderExpiredError,
    UnknownSurveyError,
)
from telephony.orders import Order
from telephony.settings import TelephonySettings
from tests.fixtures.front_door import SECRET, Door, opened
from tests.fixtures.trunk import Called, trunked

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
NUMBER = "13900000001"


# ---- the desk, without a network


class Desk:
    """An order desk on a folder, and what it has begun."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.settings = TelephonySettings(data_dir=folder, trunk_uri="sip:127.0.0.1:5070")
        self.settings = self.settings.model_copy(update=settings)
        self.now = NOW
        self.room = True
        self.begun: list[CallRecord] = []
        self.journal = Journal(self.settings.journal_dir / "calls")
        self.desk = OrderDesk(
            self.settings,
            self.journal,
            lambda: self.room,
            self.begun.append,
            lambda: self.now.timestamp(),  # noqa: PLW0108  (``now`` is replaced)
        )

    def take(self, order_id: str = "o-1", number: str = NUMBER, survey: str = "callback", until: datetime = LATER):
        return self.desk.take(Order(order_id, number, "callback", survey, until))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_order_is_on_the_disk_before_it_is_acknowledged(desk: Desk):
    accepted = desk.take()
    assert accepted.repeated is False
    (record,) = desk.journal.records()
    assert (record.call_id, record.placed) == (
        accepted.call_id,
        PlacedRecord("o-1", NUMBER, "callback", "callback", LATER.timestamp()),
    )
    assert [one.call_id for one in desk.begun] == [accepted.call_id]


def test_the_same_order_again_is_the_same_call_also_for_the_next_front_door(desk: Desk, tmp_path: Path):
    first = desk.take()
    again = desk.take()
    assert (again.call_id, again.repeated) == (first.call_id, True)
    desk.journal.remove(first.call_id)  # the call is over
    next_desk = Desk(tmp_path)
    after = next_desk.take()
    assert (after.call_id, after.repeated) == (first.call_id, True)
    assert len(desk.begun) == 1
    assert next_desk.begun == []


def test_an_order_whose_record_was_written_last_before_a_crash_is_known_to_the_next_front_door(
    desk: Desk, tmp_path: Path
):
    first = desk.take()
    for path in (tmp_path / "journal" / "orders").glob("*"):
        path.unlink()
    next_desk = Desk(tmp_path)
    next_desk.desk.remember(next_desk.journal.records())
    assert next_desk.take().call_id == first.call_id
    assert next_desk.begun == []


def test_an_order_is_forgotten_only_when_it_would_be_refused_as_expired(desk: Desk, tmp_path: Path):
    first = desk.take()
    assert OrderBook(tmp_path / "journal" / "orders", (LATER + timedelta(hours=23)).timestamp()).call_of("o-1")
    assert first.call_id
    late = OrderBook(tmp_path / "journal" / "orders", (LATER + timedelta(hours=25)).timestamp())
    assert late.call_of("o-1") is None
    assert list((tmp_path / "journal" / "orders").glob("*.json")) == []


def test_expired_orders_are_swept_while_the_front_door_runs(desk: Desk, tmp_path: Path):
    desk.take("o-1")
    desk.now = NOW + timedelta(days=2)
    desk.take("o-2", until=desk.now + timedelta(minutes=1))
    assert [path.stem for path in (tmp_path / "journal" / "orders").glob("*.json")] == ["o-2"]


def test_a_torn_order_record_hinders_nobody(desk: Desk, tmp_path: Path):
    (tmp_path / "journal" / "orders" / "torn.json").write_bytes(b'{"call')
    assert Desk(tmp_path).take().repeated is False


@pytest.mark.parametrize(("change", "error"), [
    ({"number": "110"}, NumberRefusedError),
    ({"number": "95588"}, NumberRefusedError),
    ({"survey": "service"}, UnknownSurveyError),
    ({"until": NOW}, OrderExpiredError),
])  # fmt: skip
def test_what_cannot_be_carried_out_is_refused_for_good_and_leaves_nothing(desk: Desk, change: dict, error: type):
    with pytest.raises(error) as caught:
        desk.take(**change)
    assert caught.value.retry is False
    assert desk.begun == []
    assert list(desk.journal.records()) == []
    assert list((desk.settings.journal_dir / "orders").iterdir()) == []


def test_without_a_trunk_nothing_is_called(tmp_path: Path):
    with pytest.raises(NoTrunkError) as caught:
        Desk(tmp_path, trunk_uri=None).take()
    assert "HOTLINE_TELEPHONY_TRUNK_URI" in caught.value.message


def test_with_no_room_an_order_may_come_again(desk: Desk):
    desk.room = False
    with pytest.raises(LinesBusyError) as caught:
        desk.take()
    assert caught.value.retry is True
    desk.room = True
    assert desk.take().repeated is False


def test_an_order_the_disk_does_not_take_is_not_begun(desk: Desk, tmp_path: Path):
    orders = tmp_path / "journal" / "orders"
    orders.rmdir()
    orders.write_bytes(b"")
    with pytest.raises(NotJournalledError) as caught:
        desk.take()
    assert caught.value.retry is True
    assert desk.begun == []
    assert list(desk.journal.records()) == []


@pytest.mark.parametrize("uri", ["10.0.0.5:5060", "sip:trunk.example:5060", "sip:10.0.0.5:0", "sip:10.0.0.5:70000",
                                 "sip:12345@10.0.0.5", "sips:10.0.0.5", "sip:300.1.1.1"])  # fmt: skip
def test_a_trunk_that_is_no_address_is_refused_at_the_start(uri: str):
    with pytest.raises(ValueError, match="trunk_uri"):
        TelephonySettings(trunk_uri=uri)


@pytest.mark.parametrize(("uri", "address"), [
    ("sip:10.0.0.5", ("10.0.0.5", 5060)), ("sip:10.0.0.5:5070;transport=udp", ("10.0.0.5", 5070)), ("", None),
    (None, None),
])  # fmt: skip
def test_a_trunk_is_an_address_and_a_port(uri: str | None, address: object):
    assert TelephonySettings(trunk_uri=uri).trunk == address


# ---- the door, over HTTP


def _free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def quiet_door():
    """A door without a trunk that takes orders on a port too."""
    yield from opened(orders_port=_free_tcp_port())


def refusal(answer: httpx.Response) -> tuple[int, str, bool]:
    body = answer.json()
    return answer.status_code, body["id"], body["retry"]


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", SECRET.upper()])
def test_who_does_not_know_the_secret_is_refused(quiet_door: Door, secret: str):
    assert refusal(quiet_door.post("/orders", secret, json={})) == (401, "order.wrong_secret", True)


GOOD = {"order_id": "o", "number": NUMBER, "purpose": "callback", "survey": "callback",
        "expires_at": "2036-01-01T00:00:00Z"}  # fmt: skip


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"\xff\xfe", b"null",
    *(json.dumps({key: value for key, value in GOOD.items() if key != missing}) for missing in GOOD),
    *(json.dumps(GOOD | change) for change in (
        {"order_id": "../../etc"}, {"order_id": ""}, {"order_id": "a" * 65}, {"order_id": "a b"}, {"order_id": 7},
        {"order_id": "o\n"}, {"purpose": "sales"}, {"expires_at": "tomorrow"}, {"expires_at": "2036-01-01T00:00:00"},
        {"number": "1" * 33}, {"number": 139}, {"survey": "s" * 33},
    )),
])  # fmt: skip
def test_what_is_no_order_is_refused(quiet_door: Door, body: bytes | str):
    assert refusal(quiet_door.post("/orders", content=body)) == (400, "order.malformed", False)


def test_what_is_too_long_is_not_read(quiet_door: Door):
    assert refusal(quiet_door.post("/orders", content=b"x" * 100_000))[:2] == (413, "order.too_long")


@pytest.mark.parametrize(("method", "path"), [("GET", "/orders"), ("POST", "/"), ("POST", "/orders/1"),
                                              ("DELETE", "/orders")])  # fmt: skip
def test_there_is_nothing_else_behind_that_door(quiet_door: Door, method: str, path: str):
    assert quiet_door.post(path, method=method).status_code == 404


def test_orders_come_in_on_the_port_too(quiet_door: Door):
    url = f"http://127.0.0.1:{quiet_door._settings['orders_port']}/orders"
    answer = httpx.post(url, json=GOOD, headers={"X-Hotline-Secret": SECRET}, trust_env=False)
    assert refusal(answer) == (422, "order.no_trunk", False)
    assert "外呼中继" in answer.json()["message"]
    assert refusal(httpx.post(url, json=GOOD, trust_env=False)) == (401, "order.wrong_secret", True)


def test_the_socket_is_its_owners_alone(quiet_door: Door):
    assert (quiet_door.data / "run" / "orders.sock").stat().st_mode & 0o077 == 0


def test_a_port_that_is_taken_is_named(quiet_door: Door):
    taken = quiet_door._settings["orders_port"]
    other = Door(orders_port=taken)
    try:
        with pytest.raises(AssertionError, match=f"order.address_taken.*127.0.0.1:{taken}"):
            other.start()
    finally:
        other.clear_away()


# ---- and what becomes of them


@pytest.fixture(scope="module")
def narrow():
    """Two calls of ours at once at most."""
    yield from trunked(max_placed=2)


def test_a_refused_number_is_not_dialled(narrow: Door):
    with Called.of(narrow) as trunk:
        for number in ("110", "119", "120", "122", "95588", "0951-110", "12345"):
            assert refusal(narrow.order(number, "never")) == (422, "order.number_refused", False)
        assert trunk.request_of("INVITE", 0.5) is None
    assert narrow.events() == []


def test_an_order_given_often_rings_once(narrow: Door):
    with Called.of(narrow) as trunk:
        answers = [narrow.order("13922230001") for _ in range(5)]
        trunk.invited()
        trunk.refuse(486)
        narrow.ended("13922230001")
        answers.append(narrow.order("13922230001"))
        assert len({answer.json()["call_id"] for answer in answers}) == 1
        assert [answer.json()["repeated"] for answer in answers] == [False, True, True, True, True, True]
        assert trunk.request_of("INVITE", 0.5, nth=2) is None


def test_calls_of_ours_leave_lines_to_citizens(narrow: Door):
    with Called.of(narrow) as trunk:
        assert [narrow.order(f"1392224000{n}").status_code for n in (1, 2)] == [200, 200]
        assert refusal(narrow.order("13922240003")) == (503, "order.lines_busy", True)
        for nth in (1, 2):
            trunk.invited(nth=nth)
            trunk.respond(trunk.invite_message, 486)  # type: ignore[arg-type]
        narrow.wait(lambda: narrow.status()["calls"] == 0, "their end")
        assert narrow.order("13922240003").status_code == 200
        trunk.invited(nth=3)
        trunk.refuse(486)


def test_a_trunk_that_asks_for_a_password_gets_it():
    for door in trunked(trunk_user="hotline", trunk_password="s3cret"):
        with Called.of(door) as trunk:
            door.order("13922250001")
            trunk.invited()
            challenge = 'Proxy-Authenticate: Digest realm="trunk", nonce="abc", algorithm=MD5, qop="auth"'
            trunk.refuse(407, challenge)
            again = trunk.invited(nth=2)
            assert 'username="hotline"' in again["proxy-authorization"]
            assert "s3cret" not in str(again)
            port = trunk.pick_up()
            assert trunk.heard() == {port}
            trunk.bye()
            assert door.ended("13922250001")["outcome"] == "not_surveyed"


def test_the_trunk_may_answer_although_it_is_on_no_list():
    for door in trunked("127.0.0.3", allow='["127.0.0.2/32"]'):
        with Called.of(door, "127.0.0.3") as trunk:
            door.order("13922250002")
            trunk.invited()
            trunk.refuse(486)
            assert door.ended("13922250002")["outcome"] == "busy"


# ---- front doors that die


@pytest.fixture
def mortal():
    yield from trunked()


def test_an_order_that_was_not_dialled_yet_is_carried_out_by_the_next_front_door(mortal: Door):
    with Called.of(mortal) as trunk:
        mortal.kill()
        until = datetime.now(UTC).timestamp() + 60
        for name, placed in (
            ("fresh", PlacedRecord("o-1", "13922260001", "callback", "callback", until)),
            ("gone", PlacedRecord("o-4", "13922260004", "callback", "of another version", until - 120)),
            ("late", PlacedRecord("o-2", "13922260002", "callback", "callback", until - 120)),
            ("dialled", PlacedRecord("o-3", "13922260003", "callback", "callback", until, dialled_at=until - 70)),
        ):
            record = CallRecord(name, until - 80, placed=placed)
            (mortal.data / "journal" / "calls" / f"{name}.json").write_bytes(msgspec.json.encode(record))
        mortal.start()
        invite = trunk.invited()
        assert "13922260001" in invite.start
        trunk.refuse(486)
        assert mortal.ended("13922260001")["outcome"] == "busy"
        mortal.wait(lambda: [e.kind for e in mortal.events()].count("ended") == 4, "the others' ends")
        assert [e.payload["outcome"] for e in mortal.events() if e.kind == "ended" and e.call_id != "fresh"] == [
            "failed", "failed", "failed",
        ]  # fmt: skip
        assert trunk.request_of("INVITE", 0.5, nth=2) is None
        assert mortal.order("13922260003", "o-3").json()["call_id"] == "dialled"


def test_a_call_that_rings_when_the_front_door_dies_is_taken_back_and_not_placed_again(mortal: Door):
    number = "13922260010"
    with Called.of(mortal) as trunk:
        mortal.order(number)
        trunk.invited()
        trunk.ring()
        mortal.wait(lambda: mortal.record(number)["placed"]["cancel"], "the ringing")
        mortal.kill()
        mortal.start()
        assert trunk.cancelled()
        ended = mortal.ended(number)
        assert (ended["outcome"], ended["by"]) == ("failed", "network")
        assert mortal.order(number).json()["repeated"] is True
        trunk.quiet(1.0)
        assert len(trunk.dialogs()) == 1
    mortal.wait(lambda: mortal.status()["lines_taken"] == 0, "the line's end")


def test_a_survey_goes_on_over_the_death_of_the_front_door(mortal: Door):
    number = "13922260011"
    with Called.of(mortal) as trunk:
        mortal.order(number)
        trunk.invited()
        port = trunk.pick_up()
        mortal.wait_for(number, "greeted")
        trunk.press("3", port)
        mortal.wait_for(number, "survey")
        mortal.kill()
        assert trunk.heard() == {port}
        mortal.start()
        assert mortal.order(number).json()["repeated"] is True
        trunk.press("1", port)
        mortal.wait(lambda: len(mortal.payloads(number, "survey")) == 2, "the second answer")
        mortal.wait_for(number, "speech_invited")
        trunk.press("#", port)
        assert trunk.request_of("BYE") is not None
        ended = mortal.ended(number)
        assert (ended["outcome"], ended["digits"]) == ("surveyed", "31#")
        assert len(trunk.dialogs()) == 1


def test_a_front_door_that_is_stopped_takes_back_what_rings(mortal: Door):
    number = "13922260012"
    with Called.of(mortal) as trunk:
        mortal.order(number)
        trunk.invited()
        trunk.ring()
        mortal.wait(lambda: mortal.record(number)["placed"]["cancel"], "the ringing")
        assert mortal.stop() == 0
        assert trunk.request_of("CANCEL", 1) is not None
        assert mortal.ended(number)["outcome"] == "failed"
