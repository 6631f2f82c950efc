"""How tickets come in: the counter of their numbers, and what is told back to the platform above."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Index, Sequence, text
from sqlmodel import Field

from models.base import Table, Timestamp

TICKET_NUMBERS = Sequence("ticket_numbers", metadata=Table.metadata)
"""One for all days, so that nobody waits for another's commit; a day's count begins at its :class:`TicketDay`."""


class TicketDay(Table, table=True):
    """A day of the web side's ticket numbers: its first number is ``base`` + 1 of the sequence."""

    __tablename__ = "ticket_days"

    stem: str = Field(primary_key=True)
    """What all numbers of the day begin with: ``YC202611240``."""
    base: int = Field(sa_column=Column(BigInteger, nullable=False))


class UpperChange(Table, table=True):
    """A new state of a ticket that came from another platform, in the order of commits: written by a trigger.

    The order is sure, so that whoever reads on from the last ``id`` he has seen misses nothing.
    """

    __tablename__ = "upper_changes"
    __table_args__ = (Index(None, "upper_system", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    upper_system: str
    ticket_id: int = Field(foreign_key="tickets.id")
    status: int
    unit: str | None = None
    at: datetime = Field(sa_type=Timestamp, sa_column_kwargs={"server_default": text("clock_timestamp()")})
