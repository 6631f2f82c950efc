"""What the database itself refuses, whoever asks."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

_PROOFS = (
    "holdings", "requests", "sub_dispatches", "contact_records", "replies", "pauses", "supervisions", "messages",
)  # fmt: skip
"""Of who did what; co_handlings, callbacks and service_evaluations likewise, but the healthy record has none."""
REFUSED = [
    *(("DELETE", table, f"DELETE FROM {table}") for table in _PROOFS),
    *(("TRUNCATE", table, f"TRUNCATE {table} CASCADE") for table in _PROOFS),
    *(("DELETE", table, f"DELETE FROM {table}") for table in ("tickets", "ticket_events", "audit_log", "call_events")),
    *(
        ("TRUNCATE", table, f"TRUNCATE {table} CASCADE")
        for table in ("tickets", "ticket_events", "audit_log", "call_events")
    ),
    ("UPDATE", "ticket_events", "UPDATE ticket_events SET actor = 'user:somebody'"),
    ("UPDATE", "audit_log", "UPDATE audit_log SET actor = 'user:somebody'"),
]


@pytest.mark.parametrize(("operation", "table", "statement"), REFUSED, ids=lambda part: part.split()[0])
async def test_the_database_refuses_to_change_what_is_append_only(lasting_record, operation, table, statement):
    with pytest.raises(IntegrityError) as caught:
        await lasting_record.execute(text(statement))
    await lasting_record.rollback()
    assert caught.value.orig.sqlstate == "23001"
    assert caught.value.orig.diag.message_primary == f"{operation} on {table} is refused: this table is append-only"
    assert (await lasting_record.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() > 0


@pytest.mark.parametrize(
    "table", ["ticket_events", "audit_log", "tickets", "co_handlings", "callbacks", "service_evaluations"]
)
async def test_a_statement_that_would_hit_no_row_is_refused_as_well(db, table):
    with pytest.raises(IntegrityError, match="append-only"):
        await db.execute(text(f"DELETE FROM {table} WHERE false"))


async def test_emptying_units_would_take_the_tickets_along_and_is_refused(lasting_record):
    with pytest.raises(IntegrityError, match="TRUNCATE on tickets is refused"):
        await lasting_record.execute(text("TRUNCATE units CASCADE"))
