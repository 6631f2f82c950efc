"""A ticket in every state, played there; and in every state once more for each condition that guards something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from models.codes import Role, TicketStatus
from models.workflow_codes import TicketAction as A
from routing.rulebook import Rulebook
from routing.workflow import HELD, OPEN
from tests.fixtures.life import AGENT, CITIZEN, SUPERVISOR, Life
from tests.workflow import plays as p

S = TicketStatus
Recipe = Callable[[Life], Awaitable[None]]

MASTER, LINKED, GONE = "M1", "M2", "M3"
"""Other tickets: an open one to merge into, one that is linked, one that is closed."""


@dataclass(frozen=True)
class Situation:
    """A ticket and the instant at which somebody acts on it."""

    name: str
    no: str
    state: TicketStatus
    now: datetime


def merged_from(recipe: Recipe) -> Recipe:
    async def play(life: Life) -> None:
        await recipe(life)
        await life.do(A.MERGE, AGENT, target_no=MASTER, reason="同一诉求")

    play.__name__ = f"{recipe.__name__}_merged"
    return play


async def merged_asked(life: Life) -> None:
    await merged_from(p.handling)(life)
    await p.exclusion(life)


async def merged_late(life: Life) -> None:
    await merged_from(p.handling)(life)
    life.later(days=8)


# ---- what may be beside a state


def marked(recipe: Recipe) -> Recipe:
    """Withdrawal asked for, linked, confidential, risky; at a unit also exclusion asked for, circulated, urged."""

    async def play(life: Life) -> None:
        await recipe(life)
        state = S.of((await life.ticket()).status)
        await life.do(A.REQUEST_WITHDRAWAL, AGENT, reason="诉求人来电要求撤单")
        await life.do(A.LINK, AGENT, target_no=LINKED, link_kind="same_place")
        await life.do(A.MARK_CONFIDENTIAL, AGENT, reason="举报")
        await life.do(A.MARK_STABILITY, AGENT, reason="多人聚集")
        if state in HELD:
            await p.exclusion(life)
            await life.do(A.CIRCULATE, SUPERVISOR, reason="久拖不决")
            if state not in {S.SUSPENDED, S.CALLBACK}:
                await life.do(A.URGE, CITIZEN)

    play.__name__ = f"{recipe.__name__}_marked"
    return play


def supervised(recipe: Recipe) -> Recipe:
    async def play(life: Life) -> None:
        await recipe(life)
        await life.do(A.SUPERVISE, SUPERVISOR, level=1, reason="久拖不决")

    play.__name__ = f"{recipe.__name__}_supervised"
    return play


def answered(recipe: Recipe) -> Recipe:
    async def play(life: Life) -> None:
        await supervised(recipe)(life)
        await life.do(A.ANSWER_SUPERVISION, await p.host(life, Role.UNIT_APPROVER), text="已安排专人")

    play.__name__ = f"{recipe.__name__}_answered"
    return play


PLAIN: dict[TicketStatus, Recipe] = {
    S.DRAFT: p.draft,
    S.DIRECT: p.direct,
    S.WAIT_INFO: p.wait_info,
    S.REVIEW: p.review,
    S.DISPATCH: p.to_dispatch,
    S.ARBITRATE: p.arbitrate,
    S.SIGN: p.sign,
    S.RETURN_REQUESTED: p.returning,
    S.HANDLING: p.handling,
    S.SUB_DISPATCHED: p.sub,
    S.SUSPENDED: p.suspended,
    S.UNIT_SIGN: p.unit_sign,
    S.REPLY_REVIEW: p.reply_review,
    S.CALLBACK: p.callback,
    S.REWORK: p.rework,
    S.APPEALED: p.appealed,
    S.CLOSED: p.closed,
    S.ARCHIVED: p.archived,
    S.WITHDRAWN: p.withdrawn,
    S.MERGED: merged_from(p.handling),
    S.NOT_ACCEPTED: p.not_accepted,
    S.TRANSFERRED: p.transferred,
}
_SPECIAL: dict[TicketStatus, tuple[Recipe, ...]] = {
    S.DRAFT: (p.draft_uncategorised, p.draft_unheard, p.draft_unjudged),
    S.REVIEW: (p.review_of_rating, p.review_unjudged),
    S.WAIT_INFO: (p.wait_info_in_vain, p.wait_info_of_callback),
    S.DISPATCH: (p.to_dispatch_supervised, p.dispatch_unjudged, p.praise_to_dispatch, p.urgent_dispatched_thrice),
    S.SIGN: (p.sign_late, p.sign_designated),
    S.RETURN_REQUESTED: (p.returning_late, p.returning_third, p.returning_third_late),
    S.HANDLING: (
        p.contacted, p.ready, p.handling_praise, p.handling_backfill, p.handling_urgent, p.handling_asked,
        p.handling_second_extension, p.handling_extended_twice, p.handling_overdue, p.handling_paused,
        p.handling_pause_over,
        p.handling_excluded,
    ),
    S.SUB_DISPATCHED: (p.sub_nested, p.sub_of_rework, p.sub_asked),
    S.SUSPENDED: (p.suspended_over,),
    S.UNIT_SIGN: (p.unit_sign_asked, p.unit_sign_of_rework),
    S.REPLY_REVIEW: (p.reply_review_of_rework,),
    S.CALLBACK: (p.callback_of_rework, p.callback_refused, answered(p.callback_refused), p.callback_unproven),
    S.REWORK: (p.rework_late,),
    S.CLOSED: (p.closed_late, p.closed_asked, p.closed_directly, p.closed_after_appeal),
    S.ARCHIVED: (p.archived_directly, p.archived_asked),
    S.WITHDRAWN: (p.withdrawn_asked,),
    S.MERGED: (
        merged_late, merged_asked, merged_from(p.draft), merged_from(p.review), merged_from(p.to_dispatch),
        merged_from(p.sign),
    ),
}  # fmt: skip


def recipes() -> list[tuple[TicketStatus, Recipe]]:
    """A state and how to get there, the plain way first."""
    found: list[tuple[TicketStatus, Recipe]] = []
    for state, plain in PLAIN.items():
        ways = [plain, *_SPECIAL.get(state, ())]
        if state in OPEN:
            ways.append(marked(plain))
        if state in HELD:
            ways += [supervised(plain), answered(plain)]
        found += [(state, recipe) for recipe in ways]
    return found


async def play_others(sessions: async_sessionmaker[AsyncSession], book: Rulebook) -> None:
    """Three tickets for others to be merged into, linked with, and refused by."""
    for no, recipe in ((MASTER, p.review), (LINKED, p.review), (GONE, p.closed)):
        await recipe(Life(sessions, book, no=no))


async def play(sessions: async_sessionmaker[AsyncSession], book: Rulebook) -> list[Situation]:
    """Plays all of them, each on a ticket of its own."""
    await play_others(sessions, book)
    made = []
    for number, (state, recipe) in enumerate(recipes()):
        life = Life(sessions, book, no=f"YC20261102{number:06d}")
        await recipe(life)
        assert (await life.ticket()).status == state, recipe.__name__
        made.append(Situation(recipe.__name__, life.no, state, life.now))
    return made
