"""The rungs of running clocks: which, when, and what a moved due makes of those that were taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from models.codes import ClockKind
from models.workflow_codes import WarnState
from routing.calendar.limit import Limit
from routing.ladder import Course, Deed, deeds_of, ladder, rung_at, stage_again, warned

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 2, 9, 0, tzinfo=SHANGHAI)
"""A Monday."""


def course(book, kind: ClockKind, limit: str, start: datetime = START, *, urgent: bool = False, **more) -> Course:
    return Course(kind, limit, start, book.due(limit, start), urgent, **more)


def told(book, *args, **more) -> list[tuple[str, str]]:
    return [(rung.deed.value, f"{rung.at:%m-%d %H:%M}") for rung in ladder(course(book, *args, **more), book)]


def test_a_unit_is_warned_urged_when_due_supervised_a_day_later_and_named_after_five(book):
    assert told(book, ClockKind.FINISH, "5wd") == [
        ("yellow", "11-06 16:36"),
        ("red", "11-09 18:00"),
        ("supervise", "11-10 18:00"),
        ("circulate", "11-16 18:00"),
    ]


def test_who_does_not_sign_is_signed_for_two_working_hours_later_urgent_ones_after_five_minutes(book):
    assert told(book, ClockKind.SIGN, "1wd")[-1] == ("act", "11-04 10:30")
    assert told(book, ClockKind.SIGN, "15m", urgent=True)[-1] == ("act", "11-02 09:20")


@pytest.mark.parametrize("kind", [ClockKind.ARCHIVE, ClockKind.SUSPENSION, ClockKind.APPRAISAL, ClockKind.WAIT_INFO])
def test_what_is_nobodys_duty_warns_nobody(book, kind):
    assert told(book, kind, "7d") == [("act", "11-09 09:00")]


def test_the_citizens_clock_only_warns(book):
    assert [deed for deed, _ in told(book, ClockKind.CITIZEN, "5wd")] == ["yellow", "red"]


def test_an_urgent_ticket_that_waits_for_the_hotline_is_alarmed_after_ten_minutes(book):
    assert told(book, ClockKind.DISPATCH, "5m", urgent=True) == [
        ("yellow", "11-02 09:04"),
        ("red", "11-02 09:05"),
        ("alarm", "11-02 09:10"),
    ]
    assert "alarm" not in dict(told(book, ClockKind.DISPATCH, "1wd"))


def test_an_alarm_is_never_later_than_ten_minutes_whatever_the_limit(book):
    assert told(book, ClockKind.DISPATCH, "30m", urgent=True)[0] == ("alarm", "11-02 09:10")
    assert told(book, ClockKind.ARBITRATE, "2wd", urgent=True)[0] == ("alarm", "11-02 09:10")


def test_a_pause_moves_yellow_with_the_due(book):
    plain = course(book, ClockKind.FINISH, "5wd")
    pause = (START + timedelta(days=1), START + timedelta(days=15))
    moved = Course(plain.kind, plain.limit, plain.started, plain.due + timedelta(days=14), False, (pause,))
    yellow, later = rung_at(plain, 0, book), rung_at(moved, 0, book)
    assert later.at == yellow.at + timedelta(days=14)


def test_a_rung_in_an_unknown_year_is_left_out_with_those_after_it(book):
    start = datetime(2026, 12, 24, 9, tzinfo=SHANGHAI)
    assert [deed for deed, _ in told(book, ClockKind.FINISH, "5wd", start)] == ["yellow", "red"]
    late = course(book, ClockKind.FINISH, "5wd", start)
    assert rung_at(late, 2, book) is None


def test_after_the_last_rung_there_is_none(book):
    for kind in ClockKind:
        here = course(book, kind, "5wd")
        last = len(deeds_of(kind, "5wd", urgent=False))
        assert rung_at(here, last - 1, book) is not None
        assert rung_at(here, last, book) is None


def test_rungs_are_in_the_order_of_time(book):
    for kind in ClockKind:
        for limit in ("5m", "15m", "24h", "3d", "4wh", "1wd", "10wd"):
            for urgent in (False, True):
                at = [rung.at for rung in ladder(course(book, kind, limit, urgent=urgent), book)]
                assert at == sorted(at), (kind, limit, urgent)


def test_what_lies_ahead_again_is_given_again_and_what_is_past_is_not(book):
    here = course(book, ClockKind.FINISH, "5wd")
    given = 2  # yellow and red
    now = here.due + timedelta(minutes=1)
    extended = Course(here.kind, here.limit, here.started, book.due("15wd", START))
    assert stage_again(extended, given, now, book) == 0
    by_a_day = Course(here.kind, here.limit, here.started, here.due + timedelta(days=1))
    assert stage_again(by_a_day, given, now, book) == 1
    assert stage_again(here, given, now, book) == given


def test_a_card_is_that_of_the_rungs_taken():
    def card(stage: int) -> WarnState:
        return warned(ClockKind.FINISH, "5wd", stage, urgent=False)

    assert [card(stage) for stage in range(5)] == [
        WarnState.NORMAL, WarnState.YELLOW, WarnState.RED, WarnState.RED, WarnState.RED,
    ]  # fmt: skip
    assert warned(ClockKind.ARCHIVE, "7d", 1, urgent=False) is WarnState.NORMAL
    assert Deed.RED in deeds_of(ClockKind.SIGN, "1wd", urgent=False)
    assert Limit.parse("7d").unit == "nd"
