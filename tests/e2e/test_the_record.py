"""What stands in the database can be trusted, and a hand in it is found."""

from __future__ import annotations

import psycopg
import pytest

from tests.fixtures.product import AUDIO, Product

pytestmark = pytest.mark.slow


def test_verify_fails_when_a_ticket_event_is_altered_by_hand(product: Product):
    product.call("13960000001", AUDIO / "street_lamp.wav")
    (ticket,) = product.wait_for_tickets({"13960000001"}, 30)["13960000001"]
    assert product.hotline("verify")["ok"]
    url = product.database_url
    alter = (
        "UPDATE ticket_events SET payload = payload || %s::jsonb WHERE kind = 'classified' AND ticket_id = "
        "(SELECT id FROM tickets WHERE no = %s)"
    )
    with psycopg.connect(url) as database, pytest.raises(psycopg.errors.RestrictViolation):
        database.execute(alter, ('{"unit": "640104"}', ticket["no"]))
    with psycopg.connect(url) as database:
        database.execute("SET session_replication_role = replica")  # as somebody would who has the superuser's power
        before = database.execute(
            "SELECT payload ->> 'unit' FROM ticket_events e JOIN tickets t ON t.id = e.ticket_id "
            "WHERE t.no = %s AND kind = 'classified'",
            (ticket["no"],),
        ).fetchone()
        database.execute(alter, ('{"unit": "640104"}', ticket["no"]))
    report = product.hotline("verify", code=1)
    check = next(check for check in report["checks"] if check["name"] == "ticket_events_are_unaltered")
    assert [example.partition("#")[0] for example in check["examples"]] == [ticket["no"]]
    with psycopg.connect(url) as database:
        database.execute("SET session_replication_role = replica")
        database.execute(alter, (f'{{"unit": "{before[0]}"}}', ticket["no"]))
    assert product.hotline("verify")["ok"]


def test_doctor_finds_everything_in_place(product: Product):
    report = product.hotline("doctor")
    assert all(check["ok"] for check in report["checks"].values()), report
