"""When limits are up in 2026, worked out by hand from the announced calendar."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from routing.calendar.deadline import deadline
from routing.calendar.limit import Limit
from routing.errors import CalendarError, LimitError

from .conftest import at

# Off: 09-25…27, 10-01…07. Worked at weekends: Sunday 09-20, Saturday 10-10. Office 08:30–12:00, 14:00–18:00.
WORKING_DAYS = [
    # Wednesday before the holiday, still open: not counted; Thu 8, Fri 9, Sat 10 (make-up), Mon 12, Tue 13
    ("2026-09-30 17:30", "5wd", "2026-10-13 18:00"),
    # a minute after office close: received on 8 October
    ("2026-09-30 18:01", "5wd", "2026-10-14 18:00"),
    ("2026-09-30 18:00", "5wd", "2026-10-14 18:00"),
    ("2026-09-30 17:59:59", "5wd", "2026-10-13 18:00"),
    # in the holiday: received on 8 October
    ("2026-10-03 03:00", "5wd", "2026-10-14 18:00"),
    # on the Sunday that is worked: the next five are Mon 21 … Thu 24, Mon 28
    ("2026-09-20 10:00", "5wd", "2026-09-28 18:00"),
    ("2026-09-20 19:00", "1wd", "2026-09-22 18:00"),
    # on the Saturday that is worked: Mon 12 … Fri 16
    ("2026-10-10 09:00", "5wd", "2026-10-16 18:00"),
    ("2026-10-10 20:00", "5wd", "2026-10-19 18:00"),
    # before opening and at lunch count as that day
    ("2026-03-02 06:00", "1wd", "2026-03-03 18:00"),
    ("2026-03-02 13:00", "1wd", "2026-03-03 18:00"),
    # an ordinary weekend
    ("2026-03-06 10:00", "1wd", "2026-03-09 18:00"),
    ("2026-03-07 10:00", "1wd", "2026-03-10 18:00"),
    # Spring Festival 02-15…23, worked 02-14 and 02-28
    ("2026-02-13 17:00", "2wd", "2026-02-24 18:00"),
    ("2026-02-27 10:00", "1wd", "2026-02-28 18:00"),
]
WORKING_HOURS = [
    ("2026-03-02 09:00", "3wh", "2026-03-02 12:00"),  # to the stroke of lunch
    ("2026-03-02 09:00", "4wh", "2026-03-02 15:00"),
    ("2026-03-02 11:59:59", "1wh", "2026-03-02 14:59:59"),
    ("2026-03-02 12:30", "4wh", "2026-03-02 18:00"),  # in lunch: from 14:00
    ("2026-03-02 07:00", "1wh", "2026-03-02 09:30"),
    ("2026-03-02 17:00", "4wh", "2026-03-03 11:30"),
    ("2026-03-02 18:00", "1wh", "2026-03-03 09:30"),
    ("2026-09-30 17:30", "4wh", "2026-10-08 12:00"),
    ("2026-10-09 17:00", "2wh", "2026-10-10 09:30"),  # over to the make-up Saturday
    ("2026-10-10 17:00", "2wh", "2026-10-12 09:30"),
]
NATURAL = [
    ("2026-10-01 02:00", "15m", "2026-10-01 02:15"),
    ("2026-09-30 23:59:30", "5m", "2026-10-01 00:04:30"),
    ("2026-10-03 23:00", "2h", "2026-10-04 01:00"),
    ("2026-02-28 12:00", "24nh", "2026-03-01 12:00"),
    ("2026-09-30 17:30", "3d", "2026-10-03 17:30"),
    ("2026-12-31 10:00", "270nd", "2027-09-27 10:00"),  # no calendar is needed
]


@pytest.mark.parametrize(("start", "limit", "due"), WORKING_DAYS + WORKING_HOURS + NATURAL)
def test_a_limit_is_up_when_the_rules_say(calendar, start, limit, due):
    assert deadline(limit, at(start), calendar).due == at(due)


def test_the_start_may_be_given_in_any_zone_and_the_end_is_told_in_the_citys(calendar):
    result = deadline("5wd", datetime(2026, 9, 30, 9, 30, tzinfo=UTC), calendar)
    assert result.due.isoformat() == "2026-10-13T18:00:00+08:00"
    assert deadline("15m", datetime(2026, 9, 30, 9, 30, tzinfo=UTC), calendar).due.isoformat() == (
        "2026-09-30T17:45:00+08:00"
    )


def test_where_the_day_of_receipt_counts_the_limit_is_up_a_working_day_earlier(calendar):
    def due(limit: str, start: str) -> datetime:
        return deadline(limit, at(start), calendar, count_from_next_day=False).due

    assert due("5wd", "2026-09-30 17:30") == at("2026-10-12 18:00")
    assert due("1wd", "2026-03-02 10:00") == at("2026-03-02 18:00")
    assert due("1wd", "2026-03-02 18:30") == at("2026-03-03 18:00")


def test_the_steps_tell_how_it_was_counted(calendar):
    steps = deadline("5wd", at("2026-09-30 17:30"), calendar).steps
    assert steps[0] == "2026-09-30（周三） 17:30 受理，时限5个工作日"
    assert steps[1] == "受理当日（2026-09-30（周三））不计，自下一工作日起算"
    assert steps[2].startswith("跳过国庆节")
    assert steps[3] == "第1个工作日 2026-10-08（周四）"
    assert "第3个工作日 2026-10-10（周六）（调休上班）" in steps
    assert steps[-1] == "到期 2026-10-13（周二） 18:00"


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("2026-10-03 03:00", "2026-10-03（周六）（国庆节）不是工作日，视为 2026-10-08（周四） 受理"),
        ("2026-03-07 10:00", "2026-03-07（周六）（周末）不是工作日，视为 2026-03-09（周一） 受理"),
        ("2026-03-02 18:01", "下班后受理，视为 2026-03-03（周二） 受理"),
    ],
)
def test_a_receipt_that_counts_later_is_told(calendar, start, said):
    assert said in deadline("1wd", at(start), calendar).steps


def test_working_hours_that_begin_later_are_told_and_natural_ones_say_that_they_never_rest(calendar):
    assert "非办公时间受理，自 2026-03-02（周一） 14:00 起算" in deadline("1wh", at("2026-03-02 12:30"), calendar).steps
    assert "按自然时间全天候计算" in deadline("2h", at("2026-03-02 12:30"), calendar).steps


def test_a_regional_layer_without_the_year_is_warned_of_where_it_could_matter(calendar):
    warning = "宁夏日历缺 2026 年，未计入地方假日"
    assert warning in deadline("5wd", at("2026-03-02 10:00"), calendar).steps
    assert warning not in deadline("2h", at("2026-03-02 10:00"), calendar).steps


@pytest.mark.parametrize("limit", ["5xd", "0wd", ""])
def test_what_is_no_limit_is_a_limit_error(calendar, limit):
    with pytest.raises(LimitError):
        deadline(limit, at("2026-03-02 10:00"), calendar)


@pytest.mark.parametrize(
    ("limit", "start"),
    [
        ("5wd", "2026-12-30 10:00"),
        ("1wd", "2024-12-31 10:00"),
        ("9wh", "2026-12-31 17:00"),
        ("1wd", "2027-01-04 10:00"),
    ],
)
def test_a_limit_that_needs_an_unknown_year_is_refused(calendar, limit, start):
    with pytest.raises(CalendarError, match=r"缺少 20(24|27) 年的国务院"):
        deadline(limit, at(start), calendar)


def test_a_limit_that_ends_before_the_unknown_year_is_computed(calendar):
    assert deadline("1wd", at("2026-12-30 10:00"), calendar).due == at("2026-12-31 18:00")


def test_a_parsed_limit_is_as_good_as_its_text(calendar):
    start = at("2026-03-02 10:00")
    assert deadline(Limit(2, "wd"), start, calendar) == deadline("2wd", start, calendar)
