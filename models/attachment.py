"""Files that people add: stored once by their content, used by any number of tickets."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index
from sqlmodel import Field

from models.base import Table, Timestamp, code_check
from models.workflow_codes import ScanState


class StoredFile(Table, table=True):
    """Content, by its SHA-256; the bytes are in the attachments folder."""

    __tablename__ = "stored_files"
    __table_args__ = (code_check("scan", ScanState), CheckConstraint("size > 0", name="size"))

    sha256: str = Field(primary_key=True)
    size: int
    media_type: str
    """Found out by its content, never by its name."""
    scan: str
    stored_at: datetime = Field(sa_type=Timestamp)


class Attachment(Table, table=True):
    """A file under the name somebody gave it; belongs to a ticket once that is known."""

    __tablename__ = "attachments"
    __table_args__ = (Index(None, "ticket_id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, primary_key=True))
    """Random: nobody can guess a file that belongs to no ticket yet."""
    sha256: str = Field(foreign_key="stored_files.sha256")
    name: str
    ticket_id: int | None = Field(default=None, foreign_key="tickets.id")
    by: str
    at: datetime = Field(sa_type=Timestamp)
