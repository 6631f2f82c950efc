"""The line's control socket: one controller at a time, and nothing said while there is none is lost."""

from __future__ import annotations

import socket
from pathlib import Path

import msgspec
import pytest

from telephony.line.control import Control
from telephony.line.protocol import (
    Beat,
    Digit,
    End,
    Event,
    Finished,
    Play,
    Played,
    Prepare,
    Ready,
    StopPlay,
    decode_command,
    decode_event,
    encode,
)

READY = Ready(line_id="l", pid=1, sip_host="127.0.0.1", sip_port=5070, call_id=None, part=0)


@pytest.fixture
def control(tmp_path: Path):
    one = Control(tmp_path / "lines" / "l.sock")
    yield one
    one.close()


@pytest.fixture
def connect(control: Control, request: pytest.FixtureRequest):
    def dial() -> socket.socket:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.settimeout(2)
        peer.connect(str(control._path))
        request.addfinalizer(peer.close)
        return peer

    return dial


def heard(peer: socket.socket) -> list[Event]:
    peer.settimeout(0.1)
    data = b""
    try:
        while part := peer.recv(65536):
            data += part
    except TimeoutError:
        pass
    return [decode_event(line) for line in data.splitlines()]


def digits(control: Control, text: str) -> None:
    for digit in text:
        control.send(Digit(digit=digit, method="info"))


def said(events: list[Event]) -> str:
    return "".join(event.digit for event in events if isinstance(event, Digit))


def test_commands_come_in_and_events_go_out(control: Control, connect):
    assert not control.accept()
    peer = connect()
    assert control.accept()
    assert control.connected
    commands = [Prepare(call_id="c", directory="/x", part=1), Play(id="1", files=["a"]), StopPlay(), End()]
    peer.sendall(b"".join(map(encode, commands)))
    assert list(control.commands()) == commands
    control.send(Played(id="1"))
    assert heard(peer) == [Played(id="1")]


def test_a_command_in_pieces_is_one_command_and_nonsense_is_passed_over(control: Control, connect):
    peer = connect()
    control.accept()
    whole = encode(Play(id="1", files=["a"]))
    peer.sendall(b'{"type":"dance"}\nnonsense\n\n' + whole[:9])
    assert list(control.commands()) == []
    peer.sendall(whole[9:])
    assert list(control.commands()) == [Play(id="1", files=["a"])]


def test_what_happens_while_nobody_listens_is_told_to_the_next(control: Control, connect):
    digits(control, "12")
    control.send(Beat(recorded_s=1.0))  # of no use later
    peer = connect()
    control.accept()
    control.send(READY)
    control.send_waiting()
    digits(control, "3")
    events = heard(peer)
    assert events[0] == READY
    assert said(events) == "123"
    assert not any(isinstance(event, Beat) for event in events)


def test_the_newer_controller_wins_and_the_older_is_let_go(control: Control, connect):
    first = connect()
    control.accept()
    second = connect()
    assert control.accept()
    assert first.recv(10) == b""
    digits(control, "7")
    assert said(heard(second)) == "7"


def test_half_a_command_of_a_controller_that_died_does_not_spoil_the_next_ones(control: Control, connect):
    first = connect()
    control.accept()
    first.sendall(b'{"type":"play","id":"1"')
    assert list(control.commands()) == []
    second = connect()
    control.accept()
    second.sendall(encode(End()))
    assert list(control.commands()) == [End()]


def test_a_last_command_before_the_controller_left_is_still_carried_out(control: Control, connect):
    peer = connect()
    control.accept()
    peer.sendall(encode(End()))
    peer.close()
    assert list(control.commands()) == [End()]
    assert not control.connected


def test_an_event_sent_into_the_death_of_a_controller_is_told_to_the_next(control: Control, connect):
    connect_ = connect()
    control.accept()
    connect_.close()
    digits(control, "1")  # nobody has noticed yet
    assert not control.connected
    digits(control, "2")
    peer = connect()
    control.accept()
    control.send(READY)
    control.send_waiting()
    assert said(heard(peer)) == "12"


def test_what_a_slow_controller_has_not_taken_is_told_to_the_next_in_order(control: Control, connect):
    slow = connect()
    control.accept()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    count = 0
    while not control._outgoing:  # until its socket is full
        control.send(Played(id=str(count)))
        count += 1
    for _ in range(5):
        control.send(Played(id=str(count)))
        count += 1
    data = b""
    slow.settimeout(0.2)
    peer = connect()
    control.accept()
    try:
        while part := slow.recv(65536):
            data += part
    except TimeoutError:
        pass
    taken = [int(decode_event(line).id) for line in data.split(b"\n")[:-1]]  # type: ignore[union-attr]
    control.send_waiting()
    rest = [int(event.id) for event in heard(peer) if isinstance(event, Played)]
    assert taken == list(range(len(taken)))
    assert rest == list(range(rest[0], count))
    assert rest[0] <= len(taken)  # nothing between the two is missing


def test_a_slow_controller_gets_everything_once_it_reads_again(control: Control, connect):
    slow = connect()
    control.accept()
    count = 0
    while not control._outgoing:
        control.send(Played(id=str(count)))
        count += 1
    got: list[Event] = []
    while control._outgoing:
        got += heard(slow)
        control.flush()
    got += heard(slow)
    assert [event.id for event in got if isinstance(event, Played)] == [str(number) for number in range(count)]


def test_the_last_words_are_written_before_the_socket_goes(control: Control, connect):
    peer = connect()
    control.accept()
    control.send(Finished(cause=200))
    control.close()
    assert heard(peer) == [Finished(cause=200)]
    assert not control._path.exists()


def test_a_socket_file_a_dead_line_left_is_replaced(tmp_path: Path):
    path = tmp_path / "l.sock"
    path.write_bytes(b"")
    one = Control(path)
    assert path.is_socket()
    one.close()


@pytest.mark.parametrize(
    "line", [b"", b"{}", b'{"type":"ready"}', b'{"type":"play","id":5,"files":[]}', b"[1]", b"\xff"]
)
def test_what_is_no_command_is_told_by_one_error(line: bytes):
    with pytest.raises(msgspec.DecodeError):
        decode_command(line)
