"""A due counted again after the calendar has changed: as if the notice had been known from the start."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.calendar.deadline import deadline
from routing.calendar.replay import Extended, Relimited, Shift, Stood, replay
from routing.calendar.shifts import extended, resume_due
from routing.calendar.working import WorkingCalendar
from routing.city.schema import CalendarDay

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
"""A Monday without a holiday near."""


@pytest.fixture(scope="session")
def plain(book) -> WorkingCalendar:
    return book.calendar


def with_day_off(book, day: date) -> WorkingCalendar:
    off = CalendarDay(day, False, book.city.layers[-1].name, "开斋节", "通知")
    layers = [*book.city.layers[:-1], replace(book.city.layers[-1], days=(*book.city.layers[-1].days, off))]
    return WorkingCalendar(layers, book.city.office_hours, book.city.timezone)


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=SHANGHAI)


def test_without_anything_it_is_the_deadline(plain):
    assert replay("5wd", START, [], plain) == deadline("5wd", START, plain).due


def test_a_day_off_within_the_limit_moves_it_and_one_outside_does_not(book, plain):
    before = replay("5wd", START, [], plain)
    assert replay("5wd", START, [], with_day_off(book, date(2026, 3, 5))) == before + timedelta(days=1)
    assert replay("5wd", START, [], with_day_off(book, date(2026, 3, 12))) == before


def test_a_day_off_within_a_pause_costs_nothing(book, plain):
    pause = Stood(at(4), at(11))
    before = replay("5wd", START, [pause], plain)
    assert replay("5wd", START, [pause], with_day_off(book, date(2026, 3, 6))) == before


def test_a_day_off_in_an_extension_moves_the_extension(book, plain):
    more = Extended(at(5), "3wd")
    before = replay("5wd", START, [more], plain)
    assert before.date() == date(2026, 3, 12)
    assert replay("5wd", START, [more], with_day_off(book, date(2026, 3, 11))) == before + timedelta(days=1)


def test_the_order_of_time_decides_not_that_of_the_list(plain):
    shifts = [Extended(at(12), "2wd"), Stood(at(4), at(11))]
    due = resume_due("wd", deadline("5wd", START, plain).due, at(4), at(11), plain)
    assert replay("5wd", START, shifts, plain) == extended("2wd", due, plain)


def test_another_limit_from_the_same_start_makes_what_was_before_count_no_more(plain):
    shifts = [Extended(at(3), "2wd"), Relimited(at(4)), Extended(at(5), "1wd")]
    assert replay("15wd", START, shifts, plain) == extended("1wd", deadline("15wd", START, plain).due, plain)


def test_as_it_stood_at_an_instant_later_shifts_do_not_count(plain):
    shifts = [Extended(at(3), "2wd"), Extended(at(6), "2wd")]
    assert replay("5wd", START, shifts, plain, until=at(5)) == replay("5wd", START, shifts[:1], plain)


DAYS = st.integers(0, 40)


@st.composite
def _shifts(draw) -> list[Shift]:
    """Pauses and extensions one after the other, as they happen."""
    moment, found = START + timedelta(hours=1), []
    for _ in range(draw(st.integers(0, 5))):
        moment += timedelta(minutes=draw(st.integers(1, 4000)))
        if draw(st.booleans()):
            since = moment
            moment += timedelta(minutes=draw(st.integers(1, 6000)))
            found.append(Stood(since, moment))
        else:
            found.append(Extended(moment, draw(st.sampled_from(["1wd", "3wd", "5wd"]))))
    return found


@settings(max_examples=200, deadline=None)
@given(limit=st.sampled_from(["1wd", "5wd", "10wd", "4wh", "12wh"]), shifts=_shifts(), day=DAYS)
def test_a_day_off_never_brings_a_due_forward_and_on_the_old_calendar_it_is_the_old_due(book, limit, shifts, day):
    stepwise = deadline(limit, START, book.calendar).due
    unit = "wh" if limit.endswith("wh") else "wd"
    for shift in shifts:
        if isinstance(shift, Stood):
            stepwise = resume_due(unit, stepwise, shift.since, shift.at, book.calendar)
        else:
            stepwise = extended(shift.limit, stepwise, book.calendar)
    assert replay(limit, START, shifts, book.calendar) == stepwise
    off = START.date() + timedelta(days=day)
    again = replay(limit, START, shifts, with_day_off(book, off))
    assert again >= stepwise
