"""Write a city's national calendar layer from the `chinesecalendar` package: days off and make-up days.

    python -m scripts.derive_calendar [cities/yinchuan] [--year 2025 --year 2026]

The package holds the State Council's yearly notices as tables. Ordinary weekends are not listed: they are the layer
below. A holiday that falls on a weekend is listed all the same, so that the file reads like the notice.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

from chinese_calendar import constants

NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}
COLUMNS = ("day", "working", "name", "source")


def national_layer(years: list[int]) -> str:
    """The layer as CSV text, by date.

    Raises:
        SystemExit: the package has no notice for one of the years.
    """
    days: dict[date, tuple[str, str]] = {}
    for table, working in ((constants.holidays, "false"), (constants.workdays, "true")):
        for day, name in table.items():
            if day.year in years:
                days[day] = (working, NAMES[name])
    missing = set(years) - {day.year for day in days}
    if missing:
        sys.exit(f"chinesecalendar {version('chinesecalendar')} has no notice for {sorted(missing)}")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for day, (working, name) in sorted(days.items()):
        label = f"{name}补班" if working == "true" else name
        writer.writerow((day.isoformat(), working, label, f"国务院办公厅关于{day.year}年部分节假日安排的通知"))
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("city", nargs="?", type=Path, default=Path("cities/yinchuan"))
    parser.add_argument("--year", type=int, action="append", dest="years")
    arguments = parser.parse_args()
    target = arguments.city / "calendar" / "national.csv"
    target.write_text(national_layer(arguments.years or [2025, 2026]), encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
