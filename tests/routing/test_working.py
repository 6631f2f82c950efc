"""The working calendar: layers, make-up days, office hours."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import islice

import pytest

from routing.calendar.working import WorkingCalendar
from routing.city.schema import CalendarDay, CalendarLayer, OfficeHours
from routing.errors import CalendarError

from .conftest import at

SPLIT = OfficeHours(date(2026, 1, 1), ((time(8, 30), time(12)), (time(14), time(18))))


def layer(name: str, *days: tuple[str, bool], years=(2026,), required=False, expected=()) -> CalendarLayer:
    listed = tuple(CalendarDay(date.fromisoformat(day), working, name, f"{name}假", "") for day, working in days)
    return CalendarLayer(name, years, required, listed, expected)


def calendar_of(*layers: CalendarLayer, hours=(SPLIT,)) -> WorkingCalendar:
    return WorkingCalendar(layers, hours, "Asia/Shanghai")


def test_without_any_layer_people_work_from_monday_to_friday():
    calendar = calendar_of()
    week = [date(2026, 3, 2) + timedelta(n) for n in range(7)]  # 2 March is a Monday
    assert [calendar.is_working_day(day) for day in week] == [True] * 5 + [False] * 2


def test_a_layer_takes_days_off_and_makes_weekends_working_days():
    calendar = calendar_of(layer("国", ("2026-10-01", False), ("2026-10-10", True)))
    assert not calendar.is_working_day(date(2026, 10, 1))
    assert calendar.is_working_day(date(2026, 10, 10))  # a Saturday


@pytest.mark.parametrize(
    ("national", "region", "city", "works"),
    [
        (False, None, None, False),
        (False, True, None, True),
        (True, False, None, False),
        (False, False, True, True),
        (True, True, False, False),
        (None, False, True, True),
        (None, None, False, False),
        (None, None, None, True),
    ],
)
def test_of_several_layers_the_last_that_names_a_day_wins(national, region, city, works):
    day = date(2026, 5, 27)  # a Wednesday
    said = (("国", national), ("区", region), ("市", city))
    calendar = calendar_of(*(layer(name, *([(str(day), word)] if word is not None else [])) for name, word in said))
    assert calendar.is_working_day(day) is works
    last = [name for name, word in said if word is not None]
    assert calendar.why(day) == (f"{last[-1]}假" if last else None)


def test_a_year_that_a_required_layer_does_not_know_is_refused():
    calendar = calendar_of(layer("国务院", required=True))
    with pytest.raises(CalendarError, match="缺少 2027 年的国务院节假日安排") as caught:
        calendar.is_working_day(date(2027, 1, 4))
    assert caught.value.id == "calendar.year_missing"


def test_a_year_that_another_layer_does_not_know_is_warned_of_and_counted_without_it():
    never_filled = layer("宁夏", years=(), expected=(2026,))
    filled_once = layer("银川", years=(2025,))
    unused = layer("市", years=())
    calendar = calendar_of(never_filled, filled_once, unused)
    assert calendar.is_working_day(date(2026, 3, 2))
    assert [warning[:10] for warning in calendar.missing_layers({2025, 2026})] == ["宁夏日历缺 2026", "银川日历缺 2026"]


def test_office_hours_change_on_the_day_a_row_begins():
    summer = OfficeHours(date(2026, 6, 1), ((time(8), time(12)), (time(14, 30), time(18, 30))))
    calendar = calendar_of(hours=(summer, SPLIT))  # in no order
    assert calendar.close(date(2026, 5, 29)) == at("2026-05-29 18:00")
    assert calendar.close(date(2026, 6, 1)) == at("2026-06-01 18:30")


def test_a_day_before_the_first_office_hours_is_refused():
    with pytest.raises(CalendarError, match="没有办公时间"):
        calendar_of().office(date(2025, 12, 31))


def test_a_break_without_end_is_refused_instead_of_searched_for_ever():
    days = [(str(date(2026, 3, 2) + timedelta(n)), False) for n in range(90)]
    with pytest.raises(CalendarError, match="没有工作日"):
        calendar_of(layer("国", *days)).next_working_day(date(2026, 3, 1))


@pytest.mark.parametrize(
    ("moment", "first"),
    [
        ("2026-03-02 07:00", ("2026-03-02 08:30", "2026-03-02 12:00")),
        ("2026-03-02 09:15:07", ("2026-03-02 09:15:07", "2026-03-02 12:00")),
        ("2026-03-02 12:00", ("2026-03-02 14:00", "2026-03-02 18:00")),
        ("2026-03-02 18:00", ("2026-03-03 08:30", "2026-03-03 12:00")),
        ("2026-03-06 18:00:01", ("2026-03-09 08:30", "2026-03-09 12:00")),
        ("2026-03-07 10:00", ("2026-03-09 08:30", "2026-03-09 12:00")),
    ],
)
def test_working_intervals_begin_where_work_goes_on(moment, first):
    intervals = list(islice(calendar_of().intervals_from(at(moment)), 2))
    assert intervals[0] == (at(first[0]), at(first[1]))
    assert intervals[1][0] > intervals[0][1]
