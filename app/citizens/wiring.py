"""The citizen's routes as a part of the web app."""

from __future__ import annotations

from litestar.datastructures import State

from app.citizens.controllers import CitizenTickets
from app.citizens.settings import CitizenSettings
from app.intake.allowance import Allowance

ROUTES = (CitizenTickets,)


def prepare(state: State) -> None:
    """What its routes find in the app's state."""
    settings = CitizenSettings()
    state.citizen_allowance = Allowance(settings.burst, settings.per_hour)
