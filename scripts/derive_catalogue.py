"""Write a city's catalogue.csv from its categories, districts, units and functions.csv.

    python -m scripts.derive_catalogue [cities/yinchuan]

Rows made by hand live in catalogue_overrides.csv and win over these.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from routing.city.derivation import catalogue_text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("city", nargs="?", type=Path, default=Path("cities/yinchuan"))
    city: Path = parser.parse_args().city
    target = city / "catalogue.csv"
    target.write_text(catalogue_text(city), encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
