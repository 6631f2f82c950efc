"""Whose ticket it is: whoever knows its query code, or holds the link that was sent to him."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.citizens.errors import WrongCodeError
from app.citizens.lockout import attempt_of, give_back, take
from app.messages.links import hash_of
from routing.calendar.shifts import extended
from routing.rulebook import Rulebook

_NO = re.compile(r"[A-Za-z0-9]{6,32}")
_NOBODYS = "------"
_BY_NO = text("SELECT id, query_code FROM tickets WHERE no = :no")
_BY_TOKEN = text(
    "SELECT t.id, c.id AS callback_id, c.planned_at FROM callbacks c JOIN tickets t ON t.id = c.ticket_id "
    "WHERE c.token_hash = :hash AND t.no = :no"
)
_WRONG = "编号或查询码不正确，或链接已失效"


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody shows for a ticket. ``address``: his network (app.intake.allowance.network_of)."""

    no: str
    address: str
    code: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """To one ticket. ``callback_id``: by the link of this call-back."""

    ticket_id: int
    callback_id: int | None = None


async def admit(db: AsyncSession, book: Rulebook, secret: str, claim: Claim, now: datetime) -> Access:
    """Look at a claim; a wrong one counts against its number and its address.

    Raises:
        WrongCodeError, LockedOutError: see there.
    """
    if not _NO.fullmatch(claim.no) or (claim.code is None) == (claim.token is None):
        raise WrongCodeError(_WRONG)
    attempt = attempt_of(secret, claim.address, None if claim.code is None else claim.no)
    await take(db, attempt, now)
    found = await (_by_code(db, claim) if claim.code is not None else _by_token(db, book, claim, now))
    if found is None:
        raise WrongCodeError(_WRONG)
    await give_back(db, attempt)
    await db.commit()  # whatever is refused after this was no guess
    return found


async def _by_code(db: AsyncSession, claim: Claim) -> Access | None:
    row = (await db.execute(_BY_NO, {"no": claim.no})).one_or_none()
    right = row.query_code if row is not None else _NOBODYS
    same = hmac.compare_digest((claim.code or "").encode(), right.encode())
    return Access(row.id) if row is not None and same else None


async def _by_token(db: AsyncSession, book: Rulebook, claim: Claim, now: datetime) -> Access | None:
    values = {"hash": hash_of(claim.token or ""), "no": claim.no}
    row = (await db.execute(_BY_TOKEN, values)).one_or_none()
    if row is None or now > extended(book.city.rules.callback_link, row.planned_at, book.calendar):
        return None
    return Access(row.id, row.callback_id)
