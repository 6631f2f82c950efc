"""Attachments as a part of the web app and of the worker."""

from __future__ import annotations

from litestar.datastructures import State

from app.attachments.controllers import Attachments, PublicAttachments
from app.attachments.depot import depot_of
from app.intake.allowance import Allowance
from app.settings import AppSettings

ROUTES = (Attachments, PublicAttachments)


def prepare(state: State, settings: AppSettings) -> None:
    """What its routes find in the app's state."""
    state.depot = depot_of(settings)
    state.file_allowance = Allowance(state.depot.settings.public_burst, state.depot.settings.public_per_hour)
