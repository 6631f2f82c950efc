"""When limits are up in 2025 and 2026, worked out by hand from the State Council's two notices.

2025  off: 1 Jan; 28 Jan to 4 Feb; 4 to 6 Apr; 1 to 5 May; 31 May to 2 Jun; 1 to 8 Oct (Mid-Autumn is in it).
      worked: Sun 26 Jan, Sat 8 Feb, Sun 27 Apr, Sun 28 Sep, Sat 11 Oct.
2026  off: 1 to 3 Jan; 15 to 23 Feb; 4 to 6 Apr; 1 to 5 May; 19 to 21 Jun; 25 to 27 Sep; 1 to 7 Oct.
      worked: Sun 4 Jan, Sat 14 Feb, Sat 28 Feb, Sat 9 May, Sun 20 Sep, Sat 10 Oct.
Office 08:30 to 12:00 and 14:00 to 18:00: a day has 7.5 hours. The notice for 2027 has not been published.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, datetime
from functools import cache

import pytest
from click.testing import CliRunner

from app.cli.routing import deadline as command
from routing.calendar.deadline import deadline
from routing.calendar.limit import Limit
from routing.errors import CalendarError

from .calendar_walk import EAST_8, UnknownYear, Walk, notices
from .conftest import ROOT, at

# received, limit, due, why
CASES = [
    # 2025: New Year and Spring Festival
    ("2025-01-01 12:00", "1wd", "2025-01-03 18:00", "a holiday: received Thu 2, due the day after"),
    ("2025-01-02 10:00", "1wd", "2025-01-03 18:00", "an ordinary Thursday"),
    ("2025-01-24 10:00", "1wd", "2025-01-26 18:00", "Fri; Sat 25 off, Sun 26 is worked"),
    ("2025-01-26 10:00", "1wd", "2025-01-27 18:00", "on the worked Sunday; Mon 27 is the eve's eve and worked"),
    ("2025-01-26 18:00", "1wd", "2025-02-05 18:00", "on the stroke of close: received Mon 27; next is Wed 5 Feb"),
    ("2025-01-27 17:59:59", "5wd", "2025-02-10 18:00", "a second before close: Wed 5, 6, 7, worked Sat 8, Mon 10"),
    ("2025-01-27 18:00", "5wd", "2025-02-11 18:00", "at close: received Wed 5; 6, 7, Sat 8, Mon 10, Tue 11"),
    ("2025-01-30 09:00", "4wh", "2025-02-05 14:30", "in the festival: from Wed 5 08:30, 3.5 h to lunch, 0.5 h after"),
    ("2025-01-30 09:00", "2h", "2025-01-30 11:00", "natural hours run in the festival"),
    ("2025-02-07 17:00", "4wh", "2025-02-08 11:30", "1 h on Fri, 3 h on the worked Sat"),
    ("2025-02-08 13:00", "1wh", "2025-02-08 15:00", "in lunch on the worked Sat: from 14:00"),
    # Tomb-sweeping, Labour Day, Dragon Boat 2025
    ("2025-04-03 16:00", "1wd", "2025-04-07 18:00", "eve: Fri 4 to Sun 6 off"),
    ("2025-04-25 10:00", "2wd", "2025-04-28 18:00", "Fri: worked Sun 27, Mon 28"),
    ("2025-04-30 17:30", "1wd", "2025-05-06 18:00", "eve: 1 to 5 May off, the last day moves to Tue 6"),
    ("2025-04-30 17:30", "1wh", "2025-05-06 09:00", "0.5 h on the eve, 0.5 h on Tue 6"),
    ("2025-05-30 10:00", "1wd", "2025-06-03 18:00", "Fri; Sat 31 to Mon 2 off"),
    # National Day with Mid-Autumn 2025
    (
        "2025-09-26 18:00",
        "5wd",
        "2025-10-11 18:00",
        "Fri at close: received worked Sun 28; 29, 30, Thu 9, 10, worked Sat 11",
    ),
    ("2025-09-28 09:00", "10wd", "2025-10-17 18:00", "Sun: 29, 30, 9, 10, Sat 11, then Mon 13 to Fri 17"),
    ("2025-09-30 12:30", "4wh", "2025-09-30 18:00", "in lunch on the eve: 14:00 to 18:00 is just enough"),
    ("2025-10-06 20:00", "3wd", "2025-10-13 18:00", "Mid-Autumn: received Thu 9; Fri 10, worked Sat 11, Mon 13"),
    ("2025-10-11 17:59:59", "1wd", "2025-10-13 18:00", "worked Sat, a second before close"),
    # over the end of 2025
    ("2025-12-30 15:00", "15wd", "2026-01-21 18:00", "Wed 31; Sun 4; 5 to 9 (7); 12 to 16 (12); Mon 19, 20, Wed 21"),
    ("2025-12-31 10:00", "1wd", "2026-01-04 18:00", "eve: 1 to 3 Jan off, Sun 4 is worked"),
    ("2025-12-31 17:00", "2wh", "2026-01-04 09:30", "1 h in the old year, 1 h on the worked Sun"),
    ("2025-12-31 18:00", "1wd", "2026-01-05 18:00", "at close: received worked Sun 4, due Mon 5"),
    ("2025-12-31 23:00", "2h", "2026-01-01 01:00", "natural hours go over midnight"),
    ("2026-01-03 10:00", "1wd", "2026-01-05 18:00", "a holiday Sat: received worked Sun 4"),
    ("2026-01-04 10:00", "5wd", "2026-01-09 18:00", "on the worked Sun: Mon 5 to Fri 9"),
    # Spring Festival 2026
    ("2026-02-13 17:00", "2wd", "2026-02-24 18:00", "Fri: worked Sat 14, then Tue 24"),
    ("2026-02-13 17:59:59", "2wd", "2026-02-24 18:00", "the same a second before close"),
    ("2026-02-14 10:00", "5wd", "2026-02-28 18:00", "worked Sat: Tue 24, 25, 26, 27, worked Sat 28"),
    ("2026-02-14 17:00", "9wh", "2026-02-25 09:00", "1 h, then 7.5 h on Tue 24, 0.5 h on Wed 25"),
    ("2026-02-14 18:00", "1wd", "2026-02-25 18:00", "worked Sat at close: received Tue 24"),
    (
        "2026-02-17 00:00",
        "10wd",
        "2026-03-09 18:00",
        "New Year's Day: received Tue 24; 25 to Sat 28 (4), 2 to 6 Mar (9), Mon 9",
    ),
    ("2026-02-27 10:00", "1wd", "2026-02-28 18:00", "Fri; Sat 28 is worked"),
    ("2026-02-28 12:00", "1wh", "2026-02-28 15:00", "worked Sat on the stroke of lunch: from 14:00"),
    ("2026-02-28 12:00", "24nh", "2026-03-01 12:00", "no leap year"),
    # an ordinary week
    ("2026-03-02 06:00", "1wd", "2026-03-03 18:00", "before opening counts as that day"),
    ("2026-03-02 13:00", "1wd", "2026-03-03 18:00", "so does lunch"),
    ("2026-03-06 10:00", "1wd", "2026-03-09 18:00", "Friday to Monday"),
    ("2026-03-07 10:00", "1wd", "2026-03-10 18:00", "Saturday: received on Monday"),
    ("2026-03-02 07:00", "1wh", "2026-03-02 09:30", "before opening: from 08:30"),
    ("2026-03-02 09:00", "3wh", "2026-03-02 12:00", "to the stroke of lunch, not to the end of it"),
    ("2026-03-02 09:00", "4wh", "2026-03-02 15:00", "3 h, lunch, 1 h"),
    ("2026-03-02 11:59:59", "1wh", "2026-03-02 14:59:59", "one second before lunch"),
    ("2026-03-02 17:00", "4wh", "2026-03-03 11:30", "1 h, then 3 h the next morning"),
    ("2026-03-02 18:00", "1wh", "2026-03-03 09:30", "at close: from the next opening"),
    # Tomb-sweeping, Labour Day, Dragon Boat 2026
    ("2026-04-03 18:30", "1wd", "2026-04-08 18:00", "after close on the eve: Sat 4 to Mon 6 off, received Tue 7"),
    ("2026-04-30 10:00", "3wd", "2026-05-08 18:00", "eve: 1 to 5 May off; Wed 6, 7, 8"),
    ("2026-04-30 10:00", "4wd", "2026-05-09 18:00", "one more is the worked Sat"),
    ("2026-05-08 16:00", "3wh", "2026-05-09 09:30", "2 h on Fri, 1 h on the worked Sat"),
    ("2026-05-09 09:00", "1wd", "2026-05-11 18:00", "worked Sat: Mon 11"),
    ("2026-06-18 14:00", "1wd", "2026-06-22 18:00", "eve: Fri 19 to Sun 21 off"),
    # Mid-Autumn and National Day 2026
    ("2026-09-18 10:00", "1wd", "2026-09-20 18:00", "Fri; Sat 19 off, Sun 20 is worked"),
    ("2026-09-20 10:00", "5wd", "2026-09-28 18:00", "worked Sun: 21 to 24, Mon 28"),
    ("2026-09-20 13:00", "5wd", "2026-09-28 18:00", "the same in its lunch"),
    ("2026-09-20 19:00", "1wd", "2026-09-22 18:00", "after its close: received Mon 21"),
    ("2026-09-24 17:59:59", "3wd", "2026-09-30 18:00", "eve: 25 to 27 off; Mon 28, 29, 30"),
    ("2026-09-24 18:00", "3wd", "2026-10-08 18:00", "at close: received Mon 28; 29, 30, then Thu 8 Oct"),
    ("2026-09-30 17:30", "4wh", "2026-10-08 12:00", "0.5 h on the eve, 3.5 h on Thu 8"),
    ("2026-09-30 17:30", "5wd", "2026-10-13 18:00", "eve: Thu 8, 9, worked Sat 10, Mon 12, Tue 13"),
    ("2026-09-30 17:59:59", "5wd", "2026-10-13 18:00", "a second before close"),
    ("2026-09-30 18:00", "5wd", "2026-10-14 18:00", "at close: received Thu 8; 9, Sat 10, 12, 13, Wed 14"),
    ("2026-09-30 18:01", "5wd", "2026-10-14 18:00", "after close"),
    ("2026-09-30 17:30", "3d", "2026-10-03 17:30", "natural days end in a holiday"),
    ("2026-09-30 23:59:30", "5m", "2026-10-01 00:04:30", "natural minutes, to the second"),
    ("2026-10-03 03:00", "5wd", "2026-10-14 18:00", "in the holiday: received Thu 8"),
    ("2026-10-07 23:59:59", "1wh", "2026-10-08 09:30", "the last second of the holiday"),
    ("2026-10-09 17:00", "2wh", "2026-10-10 09:30", "1 h on Fri, 1 h on the worked Sat"),
    ("2026-10-10 17:00", "2wh", "2026-10-12 09:30", "1 h on the worked Sat, 1 h on Mon"),
    ("2026-10-10 09:00", "5wd", "2026-10-16 18:00", "worked Sat: Mon 12 to Fri 16"),
    ("2026-10-10 20:00", "5wd", "2026-10-19 18:00", "after its close: received Mon 12; 13 to 16, Mon 19"),
    # to the end of what is known
    ("2026-12-30 10:00", "1wd", "2026-12-31 18:00", "the last day of the year is worked"),
    ("2026-12-31 17:00", "1wh", "2026-12-31 18:00", "the last hour of the year"),
    ("2026-12-31 23:50", "15m", "2027-01-01 00:05", "natural minutes need no notice"),
    ("2026-12-31 10:00", "270nd", "2027-09-27 10:00", "the 270th day of 2027 is 27 September"),
]
# received, limit, the year without a notice, why
REFUSED = [
    ("2026-12-30 10:00", "2wd", 2027, "Thu 31, then the first working day of 2027"),
    ("2026-12-30 10:00", "5wd", 2027, "the same further on"),
    ("2026-12-31 10:00", "1wd", 2027, "the day after the last"),
    ("2026-12-31 17:00", "2wh", 2027, "one hour is left in the year"),
    ("2026-12-31 18:00", "1wh", 2027, "at close: from the next opening"),
    ("2027-01-04 10:00", "1wd", 2027, "received in it"),
    ("2024-12-31 10:00", "1wd", 2024, "received before the first notice"),
]
ids = [f"{received} {limit}" for received, limit, *_ in CASES]


@cache
def walk() -> Walk:
    office = [(8 * 60 + 30, 12 * 60), (14 * 60, 18 * 60)]
    return notices(ROOT / "cities" / "yinchuan", {date(2024, 1, 1): office}, date(2024, 12, 30), 1100)


def walked(received: str, limit: str) -> datetime:
    parsed = Limit.parse(limit)
    start = walk().second(datetime.fromisoformat(received).replace(tzinfo=EAST_8))
    return walk().instant(walk().deadline(parsed.amount, parsed.unit, start))


def test_the_table_holds_different_cases():
    assert len(set(ids)) == len(CASES) >= 40


@pytest.mark.parametrize(("received", "limit", "due", "why"), CASES, ids=ids)
def test_a_limit_is_up_when_the_notices_say(calendar, received, limit, due, why):
    assert deadline(limit, at(received), calendar).due == at(due), why


@pytest.mark.parametrize(("received", "limit", "due", "why"), CASES, ids=ids)
def test_the_table_agrees_with_the_walk(received, limit, due, why):
    assert walked(received, limit) == at(due), why


@pytest.mark.parametrize(("received", "limit", "year", "why"), REFUSED)
def test_a_limit_that_needs_a_year_without_a_notice_is_refused(calendar, received, limit, year, why):
    with pytest.raises(CalendarError) as caught:
        deadline(limit, at(received), calendar)
    assert caught.value.message == f"缺少 {year} 年的国务院节假日安排\uff0c无法计算期限\uff0c请先补充日历数据", why
    assert caught.value.id == "calendar.year_missing"
    with pytest.raises(UnknownYear):
        walked(received, limit)


def test_the_command_agrees_with_the_walk_on_every_case():
    runner = CliRunner()
    told = {}
    for received, limit, _, _ in CASES:
        ran = runner.invoke(command, ["--limit", limit, "--from", received.replace(" ", "T"), "--city", "yinchuan"])
        assert (ran.exit_code, ran.stderr) == (0, ""), (received, limit)
        told[received, limit] = datetime.fromisoformat(json.loads(ran.stdout)["due"])
    assert told == {(received, limit): walked(received, limit) for received, limit, _, _ in CASES}


def test_the_command_refuses_every_case_that_must_be():
    runner = CliRunner()
    for received, limit, year, _ in REFUSED:
        ran = runner.invoke(command, ["--limit", limit, "--from", received, "--city", "yinchuan"])
        assert (ran.exit_code, ran.stdout) == (1, "")
        assert f"calendar.year_missing: 缺少 {year} 年的国务院节假日安排" in ran.stderr


def test_the_real_command_tells_the_due_and_how_it_was_counted():
    arguments = ["deadline", "--limit", "5wd", "--from", "2026-09-30T17:30+08:00", "--city", "yinchuan"]
    ran = subprocess.run([sys.executable, "-m", "app", *arguments], cwd=ROOT, capture_output=True, check=True)
    told = json.loads(ran.stdout)
    assert datetime.fromisoformat(told["due"]) == walked("2026-09-30 17:30", "5wd")
    assert told["steps"][0] == "2026-09-30\uff08周三\uff09 17:30 受理\uff0c时限5个工作日"
    assert "第3个工作日 2026-10-10\uff08周六\uff09\uff08调休上班\uff09" in told["steps"]
