"""The essential edges of domain.md §3, written by hand: what must be possible, and what must never be.

Nothing here is read from the workflow's table: where the two differ, one of them is wrong.
"""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.tickets.actions import act
from app.tickets.body import ActionBody
from app.tickets.facts import facts_of
from models.codes import Role, TicketStatus
from models.session import sessions
from models.workflow_codes import TicketAction as A
from routing.permits import RefusedError, permits
from tests.workflow.people import COMMUNITY, DISTRICT, HELPER, STREET, Person, everybody
from tests.workflow.plays import BAD, GOOD
from tests.workflow.situations import MASTER
from tests.workflow.walk import Walk

S = TicketStatus
_WHY = {"reason": "理由充分"}
_REPLY = {"text": "已更换灯具", "public_reply": "路灯已修复", "solved": 1}

MUST: tuple[tuple[str, A, str, dict[str, object], int], ...] = (
    # situation, action, who, fields, the state it leads to
    ("draft", A.ANSWER, "agent", {"text": "请携带身份证办理"}, 12),
    ("draft", A.SUBMIT, "agent", {}, 20),
    ("draft", A.NOT_ACCEPT, "agent", {"code": "N4", **_WHY}, 93),
    ("draft", A.TRANSFER, "agent", {"target": "110", **_WHY}, 94),
    ("draft", A.MERGE, "agent", {"target_no": MASTER, **_WHY}, 92),
    ("direct", A.CLOSE, "agent", {}, 80),
    ("wait_info", A.GIVE_INFO, "citizen", {"text": "在北门"}, 20),
    ("wait_info_in_vain", A.CLOSE_UNREACHABLE, "system", {}, 80),
    ("wait_info_in_vain", A.CLOSE_UNREACHABLE, "agent", _WHY, 80),
    ("review", A.APPROVE, "dispatcher", {}, 30),
    ("review", A.APPROVE, "system", {}, 30),
    ("review", A.SEND_BACK, "dispatcher", _WHY, 10),
    ("to_dispatch", A.DISPATCH, "dispatcher", {"unit": STREET}, 40),
    ("to_dispatch", A.DISPATCH, "system", {"unit": STREET}, 40),
    ("to_dispatch", A.CONFER, "dispatcher", _WHY, 35),
    ("arbitrate", A.DESIGNATE, "dispatch_supervisor", {"unit": STREET, "basis": "会商纪要"}, 40),
    ("urgent_dispatched_thrice", A.DESIGNATE, "dispatch_supervisor", {"unit": STREET, "basis": "先行处置"}, 40),
    ("sign", A.SIGN, "unit_signer@host", {}, 50),
    ("sign", A.SIGN, "district_admin@above", {}, 50),
    ("sign_late", A.AUTO_SIGN, "system", {}, 50),
    ("sign", A.REQUEST_RETURN, "unit_signer@host", {"code": "R01", "basis": "三定方案", "file": True, **_WHY}, 45),
    ("returning", A.APPROVE_RETURN, "dispatcher", _WHY, 30),
    ("returning", A.REJECT_RETURN, "dispatcher", _WHY, 50),
    ("returning_third", A.APPROVE_RETURN, "dispatcher", _WHY, 35),
    ("returning_late", A.LAPSE_RETURN, "system", {}, 30),
    ("returning_third_late", A.LAPSE_RETURN, "system", {}, 35),
    ("handling", A.SUB_DISPATCH, "unit_handler@host", {"unit": COMMUNITY, "text": "请入户"}, 52),
    ("handling", A.REQUEST_EXTENSION, "unit_handler@host", _WHY, 50),
    ("handling_asked", A.APPROVE_EXTENSION, "dispatcher", _WHY, 50),
    ("handling_second_extension", A.APPROVE_EXTENSION, "director", _WHY, 50),
    ("handling_asked", A.APPROVE_SUSPENSION, "director", _WHY, 58),
    ("handling_asked", A.APPROVE_PAUSE, "dispatch_supervisor", _WHY, 50),
    ("handling_pause_over", A.END_PAUSE, "system", {}, 50),
    ("ready", A.SUBMIT_REPLY, "unit_handler@host", _REPLY, 60),
    ("handling_praise", A.CLOSE, "unit_handler@host", {}, 80),
    ("sub", A.SUB_REPLY, "unit_handler@sub", {"text": "已处置"}, 50),
    ("sub", A.RECALL_SUB, "unit_handler@host", _WHY, 50),
    ("sub_nested", A.SUB_REPLY, "unit_handler@sub", {"text": "已处置"}, 52),
    ("sub_of_rework", A.SUB_REPLY, "unit_handler@sub", {"text": "已处置"}, 75),
    ("suspended", A.RESUME, "unit_handler@host", {}, 50),
    ("suspended_over", A.RESUME, "system", {}, 50),
    ("handling", A.CO_REPLY, "unit_handler@co", {"text": "已协助"}, 50),
    ("unit_sign", A.SIGN_OFF, "unit_approver@host", {}, 62),
    ("unit_sign", A.REVISE_REPLY, "unit_approver@host", _WHY, 50),
    ("reply_review", A.ACCEPT_REPLY, "dispatcher", {}, 70),
    ("reply_review", A.REJECT_REPLY, "dispatcher", _WHY, 50),
    ("callback", A.RECORD_CALLBACK, "callback", GOOD, 80),
    ("callback", A.RECORD_CALLBACK, "citizen", GOOD, 80),
    ("callback", A.RECORD_CALLBACK, "callback", BAD, 75),
    ("callback_of_rework", A.RECORD_CALLBACK, "callback", BAD, 70),
    ("callback_supervised", A.RECORD_CALLBACK, "callback", GOOD, 70),
    ("callback_refused", A.CLOSE, "callback", {}, 80),
    ("callback", A.ASK_INFO, "callback", _WHY, 15),
    ("rework_late", A.SUBMIT_REPLY, "unit_handler@host", _REPLY, 60),
    ("closed", A.APPEAL, "citizen", _WHY, 76),
    ("appealed", A.UPHOLD_APPEAL, "dispatch_supervisor", _WHY, 75),
    ("appealed", A.DISMISS_APPEAL, "dispatch_supervisor", _WHY, 80),
    ("closed_late", A.ARCHIVE, "system", {}, 90),
    ("archived", A.REOPEN, "dispatch_supervisor", _WHY, 50),
    ("archived_directly", A.REOPEN, "dispatch_supervisor", _WHY, 20),
    ("withdrawn", A.REOPEN, "dispatch_supervisor", _WHY, 20),
    ("handling_merged", A.UNMERGE, "dispatcher", _WHY, 50),
    ("draft_merged", A.UNMERGE, "dispatcher", _WHY, 10),
    ("handling_marked", A.WITHDRAW, "dispatcher", _WHY, 91),
    ("handling", A.URGE, "citizen", {}, 50),
    ("handling", A.SUPERVISE, "supervision", {"level": 1, **_WHY}, 50),
    ("handling", A.NOTE, "leader", {"text": "请抓紧办理"}, 50),
)


@pytest.mark.parametrize(("situation", "action", "who", "fields", "state"), MUST)
async def test_an_essential_edge_is_there(stage, stage_engine, book, situation, action, who, fields, state, tally):
    (place,) = [one for one in stage.situations if one.name == situation]
    fields = {name: value for name, value in fields.items() if name != "file"} | (
        {"attachments": [stage.file]} if "file" in fields else {}
    )
    async with sessions(stage_engine)() as db:
        walk = await Walk.at(db, book, place, stage.file, tally, special=True)
        (person,) = [one for one in everybody(walk.units) if one.key == who]
        ticket = await act(db, book, place.no, action, ActionBody(**fields), person.party, place.now)
        assert ticket.status == state
        await db.rollback()


# ---- what must never be

_OF_A_CO_UNIT = {A.CO_REPLY}
_OF_A_SUB_UNIT = {A.CONTACT, A.FEEDBACK, A.PROGRESS, A.SUB_DISPATCH, A.SUB_SIGN, A.SUB_REPLY, A.SUB_RETURN}
_OF_A_HOST = {
    *_OF_A_SUB_UNIT, A.SIGN, A.REQUEST_RETURN, A.RECALL_SUB, A.REQUEST_EXTENSION, A.REQUEST_SUSPENSION, A.RESUME,
    A.REQUEST_PAUSE, A.END_PAUSE, A.REQUEST_EXCLUSION, A.SUBMIT_REPLY, A.SIGN_OFF, A.REVISE_REPLY,
    A.ANSWER_SUPERVISION, A.CLOSE,
}  # fmt: skip
"""No word of the citizen's, no decision about its own requests, no call-back, no merging."""
_OF_THE_CITIZEN = {A.APPEND, A.GIVE_INFO, A.REQUEST_WITHDRAWAL, A.URGE, A.RECORD_CALLBACK, A.APPEAL}
_OF_THE_SYSTEM = {
    A.SUBMIT, A.APPROVE, A.DISPATCH, A.CLOSE, A.CLOSE_UNREACHABLE, A.AUTO_SIGN, A.LAPSE_RETURN, A.REJECT_RETURN,
    A.RESUME, A.END_PAUSE, A.RECORD_CALLBACK, A.ARCHIVE, A.URGE, A.WARN, A.OVERDUE, A.ESCALATE, A.CIRCULATE,
}  # fmt: skip
"""Nothing that needs judgement."""
_ONLOOKERS = {
    Role.QUALITY, Role.KNOWLEDGE_EDITOR, Role.KNOWLEDGE_REVIEWER, Role.OBSERVER, Role.SYSTEM_ADMIN, Role.AUDITOR,
}  # fmt: skip
_AFTER_THE_END = {
    A.APPEAL, A.ARCHIVE, A.REOPEN, A.UNMERGE, A.REQUEST_EXCLUSION, A.APPROVE_EXCLUSION, A.REJECT_EXCLUSION,
}  # fmt: skip
_ENDS = {S.CLOSED, S.WITHDRAWN, S.MERGED, S.NOT_ACCEPTED, S.TRANSFERRED, S.ARCHIVED}
_IN_NO: dict[str, set[A]] = {
    # part of a situation's name: what nobody may do there
    "_supervised": {A.CLOSE, A.WITHDRAW, A.MERGE, A.ASK_INFO, A.LIFT_SUPERVISION},
    "_answered": {A.CLOSE, A.WITHDRAW, A.MERGE, A.ASK_INFO, A.ANSWER_SUPERVISION},
    "_unjudged": {
        A.AMEND,
        A.APPROVE,
        A.SEND_BACK,
        A.ANSWER,
        A.NOT_ACCEPT,
        A.TRANSFER,
        A.ASK_INFO,
        A.MERGE,
        A.WITHDRAW,
        A.CLOSE,
    },  # a bad rating before its verdict
    "sign_designated": {A.REQUEST_RETURN},
    "sign_late": {A.REQUEST_RETURN},
    "urgent_dispatched_thrice": {A.DISPATCH, A.CONFER, A.DECLARE_DIFFICULT},
    "handling_urgent": {A.REQUEST_EXTENSION, A.REQUEST_SUSPENSION, A.REQUEST_PAUSE, A.DECLARE_DIFFICULT},
    "handling_overdue": {A.REQUEST_EXTENSION},
    "handling_extended_twice": {A.REQUEST_EXTENSION},
    "handling_paused": {A.SUBMIT_REPLY, A.REQUEST_RETURN, A.SUB_DISPATCH, A.MERGE},
    "handling_backfill": {A.CLOSE},
    "rework": {A.REQUEST_RETURN, A.REQUEST_EXTENSION, A.REQUEST_SUSPENSION, A.CLOSE},
    "closed_late": {A.APPEAL},
    "closed_after_appeal": {A.APPEAL},
    "closed_directly": {A.APPEAL},
    "merged_late": {A.UNMERGE},
    "handling": {A.SUBMIT_REPLY, A.CLOSE},  # nobody has spoken to the citizen
    "contacted": {A.SUBMIT_REPLY},  # the helper still has time
    "callback": {A.CLOSE},
    "callback_unproven": {A.CLOSE},
}


def _never(situation: str, state: TicketStatus, person: Person) -> set[A]:
    """What this person must not be able to do there."""
    may = set(A)
    roles, relation = person.party.roles, person.key.partition("@")[2]
    if relation:
        may &= {
            "host": _OF_A_HOST, "above": _OF_A_HOST | _OF_A_CO_UNIT, "sub": _OF_A_SUB_UNIT, "co": _OF_A_CO_UNIT,
            "unrelated": set(),
        }[relation]  # fmt: skip
    elif person.party.citizen:
        may &= _OF_THE_CITIZEN
    elif person.party.system:
        may &= _OF_THE_SYSTEM
    elif roles & _ONLOOKERS:
        may = set()
    elif roles & {Role.LEADER}:
        may &= {A.NOTE}
    else:
        may -= {
            A.SIGN,
            A.AUTO_SIGN,
            A.SUBMIT_REPLY,
            A.SIGN_OFF,
            A.CO_REPLY,
            A.SUB_REPLY,
            A.REQUEST_EXTENSION,
            A.ARCHIVE,
        }
    if state in _ENDS:
        may &= _AFTER_THE_END
    never = set(A) - may
    for part, actions in _IN_NO.items():
        if situation == part or (part.startswith("_") and situation.endswith(part)):
            never |= actions
    return never


async def test_what_must_never_be_is_open_to_nobody(stage, stage_engine: AsyncEngine, book, tally):
    async with sessions(stage_engine)() as db:
        for place in stage.situations:
            walk = await Walk.at(db, book, place, stage.file, tally, special=True)
            facts = facts_of(walk.ticket, walk.presents[None], book, place.now, ActionBody(level=3))
            helpers = frozenset(helper.unit for helper in walk.presents[None].helpers)
            for person in everybody(walk.units):
                actor = person.party.actor_on(walk.ticket, helpers, book)
                actions = {permit.action for permit in permits(actor, facts) if permit.allowed}
                wrong = actions & _never(place.name, place.state, person)
                assert not wrong, f"{place.name}: {person.key} may {sorted(wrong)}"


async def test_a_reviewer_cannot_grant_the_second_extension(stage, stage_engine, book, tally):
    (place,) = [one for one in stage.situations if one.name == "handling_second_extension"]
    async with sessions(stage_engine)() as db:
        walk = await Walk.at(db, book, place, stage.file, tally, special=True)
        for person in everybody(walk.units):
            if person.key in {"dispatcher", "dispatch_supervisor"}:
                with pytest.raises(RefusedError) as refused:
                    await act(db, book, place.no, A.APPROVE_EXTENSION, ActionBody(**_WHY), person.party, place.now)
                assert refused.value.guard == "extension_by_director"


def test_the_units_of_the_stage_lie_one_below_the_other(book):
    assert book.is_below(COMMUNITY, STREET)
    assert book.is_below(STREET, DISTRICT)
    assert not book.is_below(HELPER, DISTRICT)
