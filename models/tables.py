"""Every table, so that the metadata is whole for migrations."""

from models import (
    attachment,
    audit,
    call,
    city,
    evaluation,
    handling,
    idempotency,
    intake,
    lockout,
    message,
    outbox,
    ownership,
    search,
    ticket,
    user,
)
from models.base import Table

metadata = Table.metadata

__all__ = [
    "attachment",
    "audit",
    "call",
    "city",
    "evaluation",
    "handling",
    "idempotency",
    "intake",
    "lockout",
    "message",
    "metadata",
    "outbox",
    "ownership",
    "search",
    "ticket",
    "user",
]
