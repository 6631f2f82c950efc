"""The real city, its built model, and times in its zone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from routing.assess import Router
from routing.calendar.working import WorkingCalendar
from routing.city import City, load
from routing.classifier.appeals import AppealModel, build

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "routing" / "examples"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str) -> datetime:
    """``2026-09-30 17:30`` in the city."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture(scope="session")
def city() -> City:
    return load(ROOT / "cities" / "yinchuan")


@pytest.fixture(scope="session")
def calendar(city: City) -> WorkingCalendar:
    return WorkingCalendar(city.layers, city.office_hours, city.timezone)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> AppealModel:
    """Of the project's own examples; trained once a session."""
    return build(EXAMPLES, tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def router(city: City, model: AppealModel) -> Router:
    return Router(city, model)
