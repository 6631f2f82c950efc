"""The words of tickets, to be searched: any two characters that follow each other are an entry of the index.

Apart from the tickets, so that a change of a ticket's state writes nothing into that index.
"""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import Field

from models.base import Table


class TicketSearch(Table, table=True):
    """Title, content, address and subject of a ticket in lower case; kept by triggers on ``tickets``.

    ``host_unit`` is in the index too: what is frequent in the city is rare in a unit, and the other way round.
    """

    __tablename__ = "ticket_search"
    __table_args__ = (
        Index(
            "ix_ticket_search_pairs",
            text("hotline_pairs(words)"),
            text("(ARRAY[host_unit::text])"),
            postgresql_using="gin",
        ),
    )

    ticket_id: int = Field(primary_key=True, foreign_key="tickets.id", sa_column_kwargs={"autoincrement": False})
    words: str
    host_unit: str | None = None
