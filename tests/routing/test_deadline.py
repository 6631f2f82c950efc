"""What a deadline takes and what it tells; the table of cases is in test_deadline_table.py."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from routing.calendar.deadline import deadline
from routing.calendar.limit import Limit
from routing.errors import LimitError

from .conftest import at


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


def test_a_parsed_limit_is_as_good_as_its_text(calendar):
    start = at("2026-03-02 10:00")
    assert deadline(Limit(2, "wd"), start, calendar) == deadline("2wd", start, calendar)
