"""Plays one ticket through return, designation, extension, reply, bad call-back, rework, close and archive.

    python scripts/play_a_ticket.py [--data var] [--start 2026-09-01T09:00+08:00]

Everything goes through the same door as people's requests (app.tickets.actions.act), at times that are played, in one
transaction: no clock of it comes due while it is played. Prints the timeline; ``hotline verify`` holds afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.clock import in_city, utc_now
from app.instance import database_url
from app.settings import AppSettings
from app.tickets.actions import act
from app.tickets.body import ActionBody
from app.tickets.clocks import settle_clocks
from app.tickets.holdings import settle_holder
from app.tickets.numbers import next_number
from app.tickets.party import SYSTEM, Party
from app.tickets.timeline import lines
from models.attachment import Attachment, StoredFile
from models.codes import Role, TicketEventKind, TicketStatus
from models.ledger import append_ticket_event
from models.session import engine, sessions
from models.ticket import Ticket
from models.verify import verify
from models.workflow_codes import TicketAction as A
from routing.city import load
from routing.limits import limits_of
from routing.rulebook import Rulebook

_CATEGORY, _DISTRICT = "020402", "640106"
_WORDS = "宁安北街一段路面破损，下雨就积水，老人出行不便。"
_DAYS = 45


def _at(unit: str | None, *roles: Role) -> Party:
    return Party(f"demo:{roles[0].value}", frozenset(roles), unit)


DISPATCHER, CHIEF, CALLER = (_at(None, role) for role in (Role.DISPATCHER, Role.DISPATCH_SUPERVISOR, Role.CALLBACK))


class Play:
    """One ticket, and the time as it is played."""

    def __init__(self, db: AsyncSession, book: Rulebook, start: datetime) -> None:
        self.db, self.book, self.now, self.no = db, book, start, ""

    async def begin(self, units: list[str]) -> None:
        """An appeal as intake leaves it."""
        limits, _ = limits_of("N5", self.now, self.book.city, self.book.calendar)
        ticket = Ticket(
            no=await next_number(self.db, self.now), query_code="246810", status=TicketStatus.REVIEW.value, type="03",
            channel="41", urgency=3, title="宁安北街路面坑洼积水", content=_WORDS,
            category=_CATEGORY, district_code=_DISTRICT, host_unit=units[0], profile="N5", caller_phone="13900000001",
            due=limits.due, citizen_due=limits.citizen_due, created_at=self.now, updated_at=self.now,
        )  # fmt: skip
        self.db.add(ticket)
        await self.db.flush()
        assert ticket.id is not None
        self.no = ticket.no
        await append_ticket_event(
            self.db, ticket.id, TicketEventKind.CREATED, "demo:agent", self.now, {"channel": "41"}
        )
        await append_ticket_event(
            self.db, ticket.id, TicketEventKind.CLASSIFIED, "system", self.now, {"category": _CATEGORY}
        )
        await settle_clocks(self.db, ticket, limits, self.now, self.now, self.book, dispatched=False)
        await settle_holder(self.db, ticket, self.book.hotline(), self.now, "热线受理")
        await self.do(A.APPROVE, DISPATCHER)

    async def do(self, action: A, who: Party, **fields: object) -> Ticket:
        """One step, now."""
        return await act(self.db, self.book, self.no, action, ActionBody(**fields), who, self.now)  # type: ignore[arg-type]

    def work(self, hours: float) -> None:
        """So many working hours later."""
        self.now = self.book.due(f"{max(1, round(hours))}wh", self.now)

    async def evidence(self) -> list[int]:
        """A file that somebody has uploaded."""
        digest = f"{self.no}-{self.now:%H%M%S}".ljust(64, "0")
        self.db.add(StoredFile(sha256=digest, size=1, media_type="image/jpeg", scan="not_scanned", stored_at=self.now))
        await self.db.flush()
        row = Attachment(sha256=digest, name="三定方案.jpg", by="demo", at=self.now)
        self.db.add(row)
        await self.db.flush()
        assert row.id is not None
        return [row.id]

    async def reply(self, unit: str, words: str) -> None:
        """The unit reaches the citizen, answers, and its head signs; the hotline accepts."""
        handler, head = _at(unit, Role.UNIT_HANDLER), _at(unit, Role.UNIT_APPROVER)
        await self.do(A.CONTACT, handler, result="reached", at=self.now, number="13900000001")
        self.work(2)
        await self.do(A.SUBMIT_REPLY, handler, text=words, public_reply=words, solved=1, is_true=True)
        self.work(1)
        await self.do(A.SIGN_OFF, head)
        self.work(2)
        await self.do(A.ACCEPT_REPLY, DISPATCHER)


async def play(p: Play, units: list[str]) -> None:
    """The whole story. ``units``: three that return it; the first is designated in the end."""
    await p.begin(units)
    for unit in units:
        p.work(1)
        await p.do(A.DISPATCH, DISPATCHER, unit=unit)
        p.work(1)
        await p.do(A.REQUEST_RETURN, _at(unit, Role.UNIT_SIGNER), code="R01", reason="该路段未移交本单位养护",
                   basis="三定方案第四条", attachments=await p.evidence())  # fmt: skip
        p.work(1)
        await p.do(A.APPROVE_RETURN, DISPATCHER, reason="依据充分，另行派单")
    p.work(3)
    unit = units[0]
    await p.do(A.DESIGNATE, CHIEF, unit=unit, basis="会商纪要：该路段由属地负责养护")
    p.work(2)
    await p.do(A.SIGN, _at(unit, Role.UNIT_SIGNER))
    await p.do(A.CONTACT, _at(unit, Role.UNIT_HANDLER), result="reached", at=p.now, number="13900000001")
    p.work(4)
    await p.do(A.REQUEST_EXTENSION, _at(unit, Role.UNIT_LIAISON), reason="沥青摊铺须待气温回升")
    p.work(2)
    await p.do(A.APPROVE_EXTENSION, DISPATCHER, reason="情况属实")
    p.work(20)
    await p.reply(unit, "已对破损路面进行铣刨摊铺")
    p.work(4)
    await p.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", mode="human", satisfied=1, solved=3,
               reason="雨后仍然积水")  # fmt: skip
    p.work(3)
    await p.reply(unit, "已增设雨水口并疏通管道，现场复查无积水")
    p.work(6)
    await p.do(A.RECORD_CALLBACK, CALLER, callback_result="answered", mode="human", satisfied=5, solved=1)
    p.now += timedelta(days=8)
    await p.do(A.ARCHIVE, SYSTEM)


async def _run(settings: AppSettings, start: datetime) -> int:
    book = Rulebook.of(load(settings.city_dir))
    db_engine = engine(database_url(settings))
    try:
        async with sessions(db_engine)() as db:
            row = next(row for row in book.city.catalogue if (row.category, row.district) == (_CATEGORY, _DISTRICT))
            others = [unit.code for unit in book.city.units if unit.tier == 2 and unit.kind == "department"]
            p = Play(db, book, start)
            await play(p, [row.unit, *[code for code in others if code != row.unit][:2]])
            if p.now > utc_now():
                print(f"到 {p.now:%Y-%m-%d} 才演完，请用更早的 --start", file=sys.stderr)
                return 1
            await db.commit()
            number = (await db.execute(select(col(Ticket.id)).filter_by(no=p.no))).scalar_one()
            for line in await lines(db, number, book):
                print(line)
        async with sessions(db_engine)() as db:
            faults = [check for check in await verify(db) if check.breaches]
            print(f"\n{p.no}  hotline verify: {faults or 'ok'}")
        return 1 if faults else 0
    finally:
        await db_engine.dispose()


def main() -> None:
    """Arguments; exit 1 when an invariant does not hold afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="data folder of the instance (default: settings, ./var)")
    parser.add_argument(
        "--start", type=datetime.fromisoformat, help=f"when the citizen comes in (default: {_DAYS} days ago)"
    )
    arguments = parser.parse_args()
    settings = AppSettings()
    if arguments.data:
        settings = settings.model_copy(update={"data_dir": arguments.data})
    start = in_city(arguments.start) or utc_now().replace(hour=1, minute=30, second=0, microsecond=0) - timedelta(
        days=_DAYS
    )
    sys.exit(asyncio.run(_run(settings, start)))


if __name__ == "__main__":
    main()
