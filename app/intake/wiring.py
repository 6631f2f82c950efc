"""Intake as a part of the web app."""

from __future__ import annotations

from litestar.datastructures import State

from app.intake.allowance import Allowance
from app.intake.controllers import PublicIntake, register_ticket
from app.intake.exchange_controllers import Exchange
from app.intake.settings import IntakeSettings
from app.tickets.numbers import NumberStock

ROUTES = (Exchange, PublicIntake, register_ticket)


def prepare(state: State) -> None:
    """What its routes find in the app's state."""
    settings = IntakeSettings()
    state.allowance = Allowance(settings.public_burst, settings.public_per_hour)
    state.ticket_numbers = NumberStock(state.direct)
