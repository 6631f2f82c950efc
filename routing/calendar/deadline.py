"""When a limit is up, and how that was counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from routing.calendar.limit import NATURAL, Limit
from routing.calendar.working import WorkingCalendar
from routing.calendar.worktime import forward

_DAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class Deadline:
    """``due`` in the city's zone; ``steps`` tell in Chinese how it was counted."""

    due: datetime
    steps: tuple[str, ...]


def deadline(
    limit: Limit | str, start: datetime, calendar: WorkingCalendar, *, count_from_next_day: bool = True
) -> Deadline:
    """When a limit that begins at ``start`` (aware) is up.

    Working days: the day of receipt is not counted ("次日起"); what comes after office close or on a day off counts
    as received at the next opening; the last day ends at office close (domain.md §3.1, rules 2 and 3). Working hours
    run from the moment of receipt within office hours. Natural limits run day and night.

    Raises:
        ValueError: ``start`` has no zone: it would be taken for the machine's.
        LimitError: the text is no limit.
        CalendarError: a year that is needed is not known.
    """
    if start.tzinfo is None:
        raise ValueError("the start of a limit needs a time zone")
    limit = Limit.of(limit)
    local = start.astimezone(calendar.zone)
    steps = [f"{_show(local)} 受理，时限{limit.label}"]
    if limit.unit in NATURAL:
        due = (start.astimezone(UTC) + limit.amount * NATURAL[limit.unit]).astimezone(calendar.zone)
        steps.append("按自然时间全天候计算")
    elif limit.unit == "wh":
        opening = next(calendar.intervals_from(local))[0]
        if opening > local:
            steps.append(f"非办公时间受理，自 {_show(opening)} 起算")
        due = forward(local, timedelta(hours=limit.amount), calendar)
    else:
        due = _working_days(limit.amount, local, calendar, steps, count_from_next_day=count_from_next_day)
    steps.extend(calendar.missing_layers({local.year, due.year}) if limit.unit in {"wh", "wd"} else [])
    steps.append(f"到期 {_show(due)}")
    return Deadline(due, tuple(steps))


def _working_days(
    days: int, local: datetime, calendar: WorkingCalendar, steps: list[str], *, count_from_next_day: bool
) -> datetime:
    day = local.date()
    if not calendar.is_working_day(day):
        received = calendar.next_working_day(day)
        steps.append(f"{_day(day)}{_reason(calendar, day)}不是工作日，视为 {_day(received)} 受理")
        day = received
    elif local >= calendar.close(day):
        received = calendar.next_working_day(day)
        steps.append(f"下班后受理，视为 {_day(received)} 受理")
        day = received
    left = days
    if count_from_next_day:
        steps.append(f"受理当日（{_day(day)}）不计，自下一工作日起算")
    else:
        left -= 1
    while left:
        following = calendar.next_working_day(day)
        _tell_gap(day, following, calendar, steps)
        day = following
        left -= 1
        steps.append(f"第{days - left}个工作日 {_day(day)}{_make_up(calendar, day)}")
    return calendar.close(day)


def _tell_gap(day: date, following: date, calendar: WorkingCalendar, steps: list[str]) -> None:
    names = []
    for ordinal in range(day.toordinal() + 1, following.toordinal()):
        name = calendar.why(date.fromordinal(ordinal))
        if name and name not in names:
            names.append(name)
    if names:
        steps.append(f"跳过{'、'.join(names)}假期")


def _reason(calendar: WorkingCalendar, day: date) -> str:
    name = calendar.why(day)
    return f"（{name}）" if name else "（周末）"


def _make_up(calendar: WorkingCalendar, day: date) -> str:
    return "（调休上班）" if calendar.why(day) else ""


def _show(at: datetime) -> str:
    return f"{_day(at.date())} {at:%H:%M:%S}".removesuffix(":00")


def _day(day: date) -> str:
    return f"{day:%Y-%m-%d}（周{_DAYS[day.weekday()]}）"
