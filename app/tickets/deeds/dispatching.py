"""Who answers for a ticket: dispatch, arbitration, designation, and the return of what is not one's own."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.tickets.checks import code_of, take_attachments, unit_of
from app.tickets.deeds.beside import pass_supervision_on
from app.tickets.errors import CannotCountError, InputError, UnknownCodeError
from app.tickets.helpers import helper_due
from app.tickets.rulings import read_rulings, ruling_id
from app.tickets.step import Deed, Stepping
from models.city import CatalogueRow
from models.codes import ClockKind, ReturnReason, TicketStatus, Urgency
from models.ownership import CoHandling, Request
from models.ticket import Ticket
from models.workflow_codes import Decision, RequestKind, TicketAction
from routing.city.schema import Unit
from routing.errors import CalendarError

_FIRST = text("SELECT unit FROM holdings WHERE ticket_id = :id AND kind = 'dispatched' ORDER BY id LIMIT 1")


async def _hand_over(s: Stepping, unit: Unit, *, designated: bool) -> None:
    """The ticket is this unit's from now on: its clocks begin anew, the citizen's goes on."""
    ticket = s.ticket
    if unit.tier == 1:
        raise InputError("热线中心不是承办单位", "unit")
    ticket.host_unit, ticket.tier = unit.code, unit.tier
    ticket.dispatch_count += 1
    ticket.designated = designated
    ticket.dispatched_at, ticket.signed_at, ticket.late_sign, ticket.sub_unit = s.now, None, False, None
    ticket.unit_overdue, ticket.warn_state = False, 0
    try:
        ticket.return_until = None if designated else s.book.return_until(ticket.profile, ticket.urgency, s.now)
    except CalendarError as error:
        raise CannotCountError(error.message) from error
    await _name_helpers(s, unit)
    await pass_supervision_on(s)
    s.note["unit"] = unit.code
    s.note["count"] = ticket.dispatch_count


async def _name_helpers(s: Stepping, lead: Unit) -> None:
    codes = s.body.co_units if s.body.co_units is not None else s.ticket.co_units
    helpers = [unit_of(s, code, "co_units") for code in dict.fromkeys(codes)]
    if any(helper.code == lead.code for helper in helpers):
        if s.body.co_units is not None:
            raise InputError("主办单位不能同时协办", "co_units")
        helpers = [helper for helper in helpers if helper.code != lead.code]
    for old in s.present.helpers:
        old.ended_at = s.now
    s.present.helpers = []
    await s.db.flush()
    s.ticket.co_units = [helper.code for helper in helpers]
    for helper in helpers:
        await add_helper(s, helper, s.body.co_demand or "")


async def add_helper(s: Stepping, unit: Unit, demand: str) -> CoHandling:
    """协办, due half a working day before the lead (as for 下派)."""
    row = CoHandling(
        ticket_id=s.ticket_id,
        unit=unit.code,
        demand=demand,
        started_at=s.now,
        due=helper_due(_lead_due(s), s.now, s.book),
    )
    s.db.add(row)
    await s.db.flush()
    s.present.helpers.append(row)
    return row


def _lead_due(s: Stepping) -> datetime | None:
    running = s.clockwork.live(ClockKind.FINISH) if s.step.action is TicketAction.ADD_CO else None
    limit = s.book.profile(s.ticket.profile).finish
    if running is not None or limit is None:
        return running.due if running else None
    with suppress(CalendarError):
        return s.book.due(limit, s.now)
    return None


async def dispatch(s: Stepping) -> None:
    """派单."""
    unit = unit_of(s, s.body.unit)
    proposed = s.ticket.host_unit
    if unit.code != proposed or s.ticket.dispatch_basis is None:
        s.ticket.dispatch_rule, s.ticket.dispatch_basis = "manual", s.body.reason or "人工派单"
    if s.ticket.urgency == Urgency.EXTREME:
        s.note["by_phone"] = True  # 电话派单: the duty desk is to be called too
    await _hand_over(s, unit, designated=False)
    s.tell("派单", unit=unit.name)


async def interim(s: Stepping) -> None:
    """Somebody acts while units argue (measures, Article 40)."""
    owner = s.book.interim_owner(s.ticket.category, s.ticket.district_code, await read_rulings(s.db))
    if s.book.units[owner].tier == 1:  # nobody supervises such matters: who had it first goes on (首接负责)
        owner = (await s.db.execute(_FIRST, {"id": s.ticket_id})).scalar_one_or_none() or owner
    unit = unit_of(s, s.body.unit or owner)
    if unit.tier == 1:
        raise InputError("热线中心不是承办单位", "unit")
    s.ticket.host_unit, s.ticket.tier = unit.code, unit.tier
    s.ticket.designated, s.ticket.return_until, s.ticket.sub_unit = False, None, None
    s.ticket.dispatched_at = s.ticket.dispatched_at or s.now
    await pass_supervision_on(s)
    s.note["interim"] = unit.code


async def designate(s: Stepping) -> None:
    """指定承办: binding; the ruling becomes a row of the catalogue, so that the next one goes there at once."""
    unit = unit_of(s, s.body.unit)
    await take_attachments(s)
    await _hand_over(s, unit, designated=True)
    s.ticket.dispatch_rule, s.ticket.dispatch_basis = f"ruling:{s.ticket.no}", s.body.basis
    if s.body.learn is not False and s.ticket.category is not None:
        s.note["catalogue"] = await _learn(s, unit)
    s.tell("派单", unit=unit.name)


async def _learn(s: Stepping, unit: Unit) -> str:
    assert s.ticket.category is not None
    district = s.ticket.district_code
    row_id = ruling_id(s.ticket.category, district, unit)
    values = {
        "category": s.ticket.category,
        "district": district,
        "unit": unit.code,
        "co_units": list(s.ticket.co_units),
        "basis": f"裁定（{s.ticket.no}）：{s.body.basis}",
        "origin": "ruling",
        "ruled_in": s.ticket.no,
        "active": True,
    }
    statement = insert(CatalogueRow).values(id=row_id, **values)
    await s.db.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
    return row_id


async def request_return(s: Stepping) -> None:
    """退单: on what ground, with the evidence; some grounds need more (domain.md §2.1)."""
    code = code_of(ReturnReason, s.body.code, "code")
    detail: dict[str, object] = {"from": s.ticket.status}
    if code is ReturnReason.DUPLICATE:
        found = select(col(Ticket.id)).filter_by(no=s.body.duplicate_no or "")
        found = found.where(col(Ticket.status) < TicketStatus.CLOSED.value)
        if s.body.duplicate_no == s.ticket.no or (await s.db.execute(found)).scalar_one_or_none() is None:
            raise UnknownCodeError("在办重复须填写在办工单的编号", "duplicate_no")
        detail["duplicate_no"] = s.body.duplicate_no
    if code is ReturnReason.WRONG_CLASS or s.body.unit is not None:
        if s.body.unit is None:
            raise InputError("主办错误须建议承办单位", "unit")
        suggested = unit_of(s, s.body.unit)
        if suggested.code == s.ticket.host_unit:
            raise InputError("建议的承办单位不能是本单位", "unit")
        detail["suggests"] = suggested.code
    s.db.add(
        Request(
            ticket_id=s.ticket_id,
            kind=RequestKind.RETURN.value,
            unit=s.ticket.host_unit,
            code=code.value,
            reason=s.body.reason or "",
            basis=s.body.basis,
            attachments=await take_attachments(s),
            detail=detail,
            asked_by=s.party.name,
            asked_at=s.now,
        )
    )


def _decide(s: Stepping, decision: Decision) -> None:
    request = s.present.request(RequestKind.RETURN)
    if request is not None:
        request.decision, request.decided_by, request.decided_at = decision.value, s.party.name, s.now
        request.decision_reason = s.body.reason
        s.note["request"] = request.id
        s.note["returned_by"] = request.unit


async def approve_return(s: Stepping) -> None:
    """Agreed: back to the hotline, or to arbitration with an interim owner."""
    silent = s.step.action is TicketAction.LAPSE_RETURN
    _decide(s, Decision.SILENCE if silent else Decision.APPROVED)
    s.ticket.return_until, s.ticket.sub_unit = None, None
    if s.target.name == "ARBITRATE":
        await interim(s)
    else:
        request = s.present.request(RequestKind.RETURN)
        suggested = request.detail.get("suggests") if request else None
        if suggested:  # a proposal for the dispatcher, no decision
            s.ticket.host_unit = str(suggested)


async def reject_return(s: Stepping) -> None:
    """Not agreed: the unit handles it; its clocks have gone on."""
    _decide(s, Decision.REJECTED)
    s.ticket.return_until = None
    s.ticket.signed_at = s.ticket.signed_at or s.now


async def declare_difficult(s: Stepping) -> None:
    """疑难: more time from the same start, by the hotline's chief."""
    s.ticket.urgency, s.ticket.profile = Urgency.DIFFICULT.value, "X15"


DEEDS: dict[TicketAction, Deed] = {
    TicketAction.DISPATCH: dispatch,
    TicketAction.CONFER: interim,
    TicketAction.SET_INTERIM: interim,
    TicketAction.DESIGNATE: designate,
    TicketAction.DECLARE_DIFFICULT: declare_difficult,
    TicketAction.REQUEST_RETURN: request_return,
    TicketAction.APPROVE_RETURN: approve_return,
    TicketAction.LAPSE_RETURN: approve_return,
    TicketAction.REJECT_RETURN: reject_return,
}
