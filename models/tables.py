"""Every table, so that the metadata is whole for migrations."""

from models import audit, call, city, outbox, ticket, user
from models.base import Table

metadata = Table.metadata

__all__ = ["audit", "call", "city", "metadata", "outbox", "ticket", "user"]
