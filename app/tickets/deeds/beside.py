"""What happens beside the states: merging, links, urging, supervision, notes, marks."""

from __future__ import annotations

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.callbacks.answering import MERGED, accepted_reply, told_of
from app.tickets.checks import code_of, take_attachments
from app.tickets.errors import InputError, UnknownCodeError
from app.tickets.step import Deed, Stepping
from models.codes import ClockKind, CloseType, TicketEventKind, TicketStatus
from models.handling import Supervision
from models.ledger import append_ticket_event
from models.ownership import Link
from models.workflow_codes import LinkKind, TicketAction
from routing.guards import URGE_LEFT


async def merge(s: Stepping) -> None:
    """并案: this one ends as a child of the master, whose answer the citizen gets; both histories say so."""
    master = s.present.target
    assert master is not None
    assert master.id is not None
    children = text("SELECT 1 FROM tickets WHERE merged_into = :id LIMIT 1")
    if (await s.db.execute(children, {"id": s.ticket_id})).scalar_one_or_none():
        raise InputError("该工单已是其他工单的主单，不能再并入", "target_no")
    await append_ticket_event(  # first: it flushes, and a ticket with a master must be in the state of one
        s.db, master.id, TicketEventKind.CHILD_MERGED, s.party.name, s.now, {"child": s.ticket.no}
    )
    answer = await accepted_reply(s.db, master.id) if master.status == TicketStatus.CALLBACK else None
    s.ticket.merged_into, s.ticket.before_pause = master.id, s.ticket.status
    s.ticket.close_type = CloseType.MERGED.value
    s.note["master"] = master.no
    s.tell("并案", master_no=master.no)
    if answer is not None:
        s.tell(MERGED, **told_of(master, answer))


async def unmerge(s: Stepping) -> None:
    """As if it had not been merged: the same state, the same holder, the same clocks."""
    master = (await s.db.execute(text("SELECT id, no FROM tickets WHERE id = :id"), {"id": s.ticket.merged_into})).one()
    await append_ticket_event(
        s.db, master.id, TicketEventKind.CHILD_UNMERGED, s.party.name, s.now, {"child": s.ticket.no}
    )
    s.ticket.merged_into, s.ticket.before_pause, s.ticket.close_type = None, None, None
    s.ticket.closed_at = None
    s.note["master"] = master.no


async def link(s: Stepping) -> None:
    """关联: both stay what they are."""
    other = s.present.target
    assert other is not None
    assert other.id is not None
    low, high = sorted((s.ticket_id, other.id))
    values = {"low": low, "high": high, "kind": code_of(LinkKind, s.body.link_kind, "link_kind").value}
    done = await s.db.execute(
        insert(Link).values(**values, by=s.party.name, at=s.now).on_conflict_do_nothing().returning(col(Link.id))
    )
    if done.scalar_one_or_none() is None:
        raise InputError("两张工单已经关联", "target_no")


async def unlink(s: Stepping) -> None:
    """No longer linked."""
    other = s.present.target
    if other is None or other.id is None:
        raise UnknownCodeError("没有这张工单", "target_no")
    low, high = sorted((s.ticket_id, other.id))
    gone = await s.db.execute(delete(Link).where(col(Link.low) == low, col(Link.high) == high).returning(col(Link.id)))
    if gone.scalar_one_or_none() is None:
        raise InputError("两张工单没有关联", "target_no")


async def urge(s: Stepping) -> None:
    """催办. An agent who writes down that the citizen urges does it for him: it counts as his."""
    if URGE_LEFT in s.step.guards:
        s.note["for"] = "citizen"


async def supervise(s: Stepping) -> None:
    """督办 by a person or by the ladder; a higher level takes the place of a lower one."""
    await take_attachments(s)
    if s.present.supervision is not None:
        await _replace_supervision(s, s.present.supervision, "raised")
    await open_supervision(s, s.body.level or 1, s.body.reason or "")


async def pass_supervision_on(s: Stepping) -> None:
    """Another unit answers for the ticket: what the one before owed an answer for, it does, in time of its own."""
    old = s.present.supervision
    if old is None or old.unit == s.ticket.host_unit:
        return
    await _replace_supervision(s, old, "handed_over")
    await open_supervision(s, old.level, old.reason, tell=False)


async def _replace_supervision(s: Stepping, old: Supervision, outcome: str) -> None:
    """The open one ends here: another takes its place."""
    old.ended_at, old.ended_by = s.now, s.party.name
    await s.db.flush()
    s.clockwork.stop([ClockKind.SUPERVISION], outcome)
    s.present.supervision = None


async def open_supervision(s: Stepping, level: int, reason: str, *, tell: bool = True) -> None:
    """One is open from now on; nothing changes where one is."""
    if s.present.supervision is not None or s.ticket.host_unit is None:
        return
    limit = s.book.limit_of(ClockKind.SUPERVISION, s.ticket.profile, level=level) or "3wd"
    clock = s.clockwork.start(ClockKind.SUPERVISION, limit=limit, holder=s.ticket.host_unit)
    row = Supervision(
        ticket_id=s.ticket_id,
        level=level,
        unit=s.ticket.host_unit,
        reason=reason,
        opened_by=s.party.name,
        started_at=s.now,
        due=clock.due if clock else s.now,
    )
    s.db.add(row)
    s.present.supervision = row
    s.ticket.supervise_level = level
    s.note["supervision"] = level
    unit = s.book.units.get(s.ticket.host_unit)
    if tell:
        s.tell("督办", unit=unit.name if unit else "")


async def answer_supervision(s: Stepping) -> None:
    """The unit says what it does about it."""
    row = s.present.supervision
    assert row is not None
    row.answer, row.answered_by, row.answered_at = s.body.text, s.party.name, s.now
    await take_attachments(s)


async def lift_supervision(s: Stepping) -> None:
    """It may be closed again."""
    row = s.present.supervision
    assert row is not None
    row.ended_at, row.ended_by = s.now, s.party.name
    s.ticket.supervise_level = 0


async def circulate(s: Stepping) -> None:
    """通报, once."""
    s.ticket.circulated = True


async def mark(s: Stepping) -> None:
    """保密 and 涉稳, on and off."""
    action = s.step.action
    if action in {TicketAction.MARK_CONFIDENTIAL, TicketAction.UNMARK_CONFIDENTIAL}:
        s.ticket.confidential = action is TicketAction.MARK_CONFIDENTIAL
    else:
        s.ticket.stability_risk = action is TicketAction.MARK_STABILITY


DEEDS: dict[TicketAction, Deed] = {
    TicketAction.MERGE: merge,
    TicketAction.UNMERGE: unmerge,
    TicketAction.LINK: link,
    TicketAction.UNLINK: unlink,
    TicketAction.URGE: urge,
    TicketAction.SUPERVISE: supervise,
    TicketAction.ESCALATE: supervise,
    TicketAction.ANSWER_SUPERVISION: answer_supervision,
    TicketAction.LIFT_SUPERVISION: lift_supervision,
    TicketAction.CIRCULATE: circulate,
    TicketAction.MARK_CONFIDENTIAL: mark,
    TicketAction.UNMARK_CONFIDENTIAL: mark,
    TicketAction.MARK_STABILITY: mark,
    TicketAction.UNMARK_STABILITY: mark,
}
