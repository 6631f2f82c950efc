"""The table against domain.md §3, row by row: where each state leaves to, by whom, and what holds for all of it."""

from __future__ import annotations

import pytest

from models.codes import ClockKind, Role, TicketStatus
from models.workflow_codes import PauseReason
from models.workflow_codes import TicketAction as A
from routing import guards as g
from routing.workflow import AT_UNIT, CLOSE_CLOCKS, ENDED, HELD, OPEN, REVIEW_CLOCKS, TABLE
from routing.workflow_terms import Side, Step

S, K, R = TicketStatus, ClockKind, Role

# state: (where the report's row leads, what besides and why)
ROWS: dict[TicketStatus, tuple[set[TicketStatus], set[TicketStatus]]] = {
    S.DRAFT: ({S.DIRECT, S.REVIEW, S.NOT_ACCEPTED, S.TRANSFERRED, S.MERGED}, {S.WAIT_INFO}),  # 待补充 begins at intake
    S.DIRECT: ({S.CLOSED}, set()),
    S.WAIT_INFO: ({S.REVIEW, S.CLOSED}, set()),
    S.REVIEW: (
        {S.DISPATCH, S.DRAFT},
        {
            S.WAIT_INFO,
            S.MERGED,
            S.NOT_ACCEPTED,
            S.TRANSFERRED,
            S.CLOSED,
        },  # what intake may, review may; 好差评 explained
    ),
    S.DISPATCH: (
        {S.SIGN, S.ARBITRATE},
        {S.HANDLING, S.WAIT_INFO, S.MERGED, S.NOT_ACCEPTED},
    ),  # nothing to sign for (P, T)
    S.ARBITRATE: ({S.SIGN}, set()),
    S.SIGN: ({S.HANDLING, S.RETURN_REQUESTED}, {S.MERGED}),
    S.RETURN_REQUESTED: ({S.DISPATCH, S.ARBITRATE, S.HANDLING}, set()),
    S.HANDLING: (
        {S.SUB_DISPATCHED, S.SUSPENDED, S.UNIT_SIGN},
        {S.RETURN_REQUESTED, S.MERGED, S.CLOSED},  # the window may be open after signing; P and T end without a reply
    ),
    S.SUB_DISPATCHED: ({S.HANDLING}, {S.REWORK}),  # back to where it came from
    S.SUSPENDED: ({S.HANDLING}, set()),
    S.UNIT_SIGN: ({S.REPLY_REVIEW, S.HANDLING}, {S.REWORK}),
    S.REPLY_REVIEW: ({S.CALLBACK, S.HANDLING}, {S.REWORK}),
    S.CALLBACK: ({S.CLOSED, S.REWORK, S.WAIT_INFO}, set()),
    S.REWORK: ({S.UNIT_SIGN}, {S.SUB_DISPATCHED}),
    S.APPEALED: (set(), {S.REWORK, S.CLOSED}),
    S.CLOSED: ({S.ARCHIVED, S.APPEALED}, {S.HANDLING, S.REVIEW}),  # reopened by a chief
    S.ARCHIVED: ({S.HANDLING, S.REVIEW}, set()),
    S.WITHDRAWN: (set(), {S.REVIEW}),
    S.NOT_ACCEPTED: (set(), {S.REVIEW}),
    S.TRANSFERRED: (set(), {S.REVIEW}),
    S.MERGED: ({S.DRAFT, S.REVIEW, S.DISPATCH, S.SIGN, S.HANDLING}, set()),  # undone: as if it had not been
}


def rows(action: A, status: TicketStatus | None = None) -> list[Step]:
    return [step for step in TABLE if step.action is action and (status is None or status in step.sources)]


def roles(action: A, status: TicketStatus) -> set[tuple[Side, Role | None]]:
    """Who may do it there, by side and role."""
    return {(who.side, role) for step in rows(action, status) for who in step.who for role in (who.roles or {None})}


@pytest.mark.parametrize("status", list(S), ids=lambda status: status.name)
def test_a_state_leaves_to_where_the_report_says_and_to_what_is_listed_here(status):
    leaves = {step.target for step in TABLE if status in step.sources and step.target not in {None, status}}
    withdrawn = {S.WITHDRAWN} if status in OPEN else set()  # 91: the citizen may withdraw whatever is open
    assert leaves == ROWS[status][0] | ROWS[status][1] | withdrawn


def test_every_state_is_reached_and_every_open_one_can_be_left():
    assert {step.target for step in TABLE} >= set(S) - {S.DRAFT}
    assert all(any(status in step.sources and step.target for step in TABLE) for status in S)


HOTLINE, HOST = Side.HOTLINE, Side.HOST
WHO = [
    # who the report names for the way out, by action and state
    (A.ANSWER, S.DRAFT, {(HOTLINE, R.AGENT), (HOTLINE, R.TEAM_LEADER)}),
    (A.APPROVE, S.REVIEW, {(HOTLINE, R.DISPATCHER), (HOTLINE, R.DISPATCH_SUPERVISOR), (Side.SYSTEM, None)}),
    (A.SEND_BACK, S.REVIEW, {(HOTLINE, R.DISPATCHER), (HOTLINE, R.DISPATCH_SUPERVISOR)}),
    (A.DISPATCH, S.DISPATCH, {(HOTLINE, R.DISPATCHER), (HOTLINE, R.DISPATCH_SUPERVISOR), (Side.SYSTEM, None)}),
    (A.DESIGNATE, S.ARBITRATE, {(HOTLINE, R.DISPATCH_SUPERVISOR), (HOTLINE, R.DIRECTOR)}),
    (A.SIGN, S.SIGN, {(HOST, R.UNIT_SIGNER), (HOST, R.UNIT_LIAISON), (HOST, R.DISTRICT_ADMIN)}),
    (A.AUTO_SIGN, S.SIGN, {(Side.SYSTEM, None)}),
    (A.APPROVE_RETURN, S.RETURN_REQUESTED, {(HOTLINE, R.DISPATCHER), (HOTLINE, R.DISPATCH_SUPERVISOR)}),
    (A.LAPSE_RETURN, S.RETURN_REQUESTED, {(Side.SYSTEM, None)}),
    (A.SUBMIT_REPLY, S.HANDLING, {(HOST, R.UNIT_HANDLER)}),
    (A.SIGN_OFF, S.UNIT_SIGN, {(HOST, R.UNIT_APPROVER)}),
    (A.REQUEST_SUSPENSION, S.HANDLING, {(HOST, R.UNIT_APPROVER)}),
    (A.APPROVE_SUSPENSION, S.HANDLING, {(HOTLINE, R.DIRECTOR)}),
    (A.ACCEPT_REPLY, S.REPLY_REVIEW, {(HOTLINE, R.DISPATCHER), (HOTLINE, R.DISPATCH_SUPERVISOR)}),
    (A.RECORD_CALLBACK, S.CALLBACK, {(HOTLINE, R.CALLBACK), (Side.CITIZEN, None), (Side.SYSTEM, None)}),
    (A.ARCHIVE, S.CLOSED, {(Side.SYSTEM, None)}),
    (A.REOPEN, S.ARCHIVED, {(HOTLINE, R.DISPATCH_SUPERVISOR), (HOTLINE, R.DIRECTOR)}),
    (A.WITHDRAW, S.HANDLING, {(HOTLINE, R.DISPATCHER), (HOTLINE, R.DISPATCH_SUPERVISOR)}),
    (A.CO_REPLY, S.HANDLING,
     {(Side.CO, role) for role in (R.UNIT_SIGNER, R.UNIT_HANDLER, R.UNIT_LIAISON, R.UNIT_APPROVER, R.DISTRICT_ADMIN)}),
    (A.NOTE, S.HANDLING, {(HOTLINE, R.LEADER), (HOTLINE, R.DIRECTOR)}),
]  # fmt: skip


@pytest.mark.parametrize(("action", "status", "who"), WHO, ids=[f"{a.value}-{s.name}" for a, s, _ in WHO])
def test_who_the_report_names_and_nobody_else_may(action, status, who):
    assert roles(action, status) == who


def test_a_helper_never_closes_and_never_moves_a_ticket():
    """协办 never closes: what it does leaves the state as it is."""
    assert {step.action for step in TABLE for who in step.who if who.side is Side.CO} == {A.CO_REPLY}
    assert all(step.target is None for step in rows(A.CO_REPLY))


def test_who_watches_and_who_administers_act_on_nothing():
    """社会监督员 reads, 系统管理员 has no ticket content, 审计员 audits, 质检员 and 知识 have other work."""
    acting = {role for step in TABLE for who in step.who for role in who.roles}
    assert not acting & {R.OBSERVER, R.SYSTEM_ADMIN, R.AUDITOR, R.QUALITY, R.KNOWLEDGE_EDITOR, R.KNOWLEDGE_REVIEWER}


def test_whatever_goes_back_or_ends_by_a_person_needs_its_reason():
    back = (
        A.SEND_BACK, A.ASK_INFO, A.CONFER, A.SET_INTERIM, A.REQUEST_RETURN, A.APPROVE_RETURN, A.REJECT_RETURN,
        A.SUB_RETURN, A.RECALL_SUB, A.DROP_CO, A.REVISE_REPLY, A.REJECT_REPLY, A.REQUEST_EXTENSION, A.APPROVE_EXTENSION,
        A.REJECT_EXTENSION, A.REQUEST_SUSPENSION, A.REQUEST_PAUSE, A.REQUEST_EXCLUSION, A.REQUEST_WITHDRAWAL,
        A.WITHDRAW, A.REFUSE_WITHDRAWAL, A.APPEAL, A.UPHOLD_APPEAL, A.DISMISS_APPEAL, A.REOPEN, A.MERGE, A.UNMERGE,
        A.NOT_ACCEPT, A.TRANSFER, A.DECLARE_DIFFICULT, A.SUPERVISE, A.LIFT_SUPERVISION, A.MARK_CONFIDENTIAL,
        A.UNMARK_CONFIDENTIAL,
    )  # fmt: skip
    for action in back:
        assert all("reason" in step.needs for step in rows(action)), action


def test_a_return_needs_its_ground_and_its_evidence():
    (step,) = rows(A.REQUEST_RETURN)
    assert set(step.needs) == {"code", "reason", "basis", "attachments"}
    assert {g.NOT_DESIGNATED, g.RETURN_OPEN} <= set(step.guards)


def test_nobody_edits_the_citizens_words():
    """They are added to, never written over."""
    assert not [step for step in rows(A.AMEND) if {"text", "content"} & {*step.needs, *step.takes}]
    assert all(who.side is not Side.HOST for step in rows(A.APPEND) for who in step.who)
    assert not [step for step in rows(A.AMEND) if step.sources & (HELD | ENDED)]


def test_a_ticket_is_closed_only_with_evidence_of_contact_or_exempt():
    exempt = {
        S.DIRECT,  # answered on the telephone
        S.REVIEW,  # a bad rating that was explained to its rater
    }
    for step in TABLE:
        if step.target is not S.CLOSED or step.sources <= exempt or step.action is A.DISMISS_APPEAL:
            continue
        told = {guard.id for guard in (*step.guards, *((step.when,) if step.when else ()))}
        assert told & {"not_contacted", "tries_left", "wait_info_not_due", "sign_needed"}, step


def test_what_is_supervised_cannot_be_closed():
    for step in TABLE:
        if step.target is S.CLOSED and step.sources & HELD - {S.APPEALED}:
            told = {guard.id for guard in (*step.guards, *((step.when,) if step.when else ()))}
            assert told & {"supervised", "callback_happy"}, step


def test_the_citizens_clock_is_started_by_no_step_and_stopped_only_at_the_end():
    for step in TABLE:
        for effect in step.clocks:
            if effect.verb == "start":
                assert K.CITIZEN not in effect.kinds, step
            if effect.verb == "stop" and K.CITIZEN in effect.kinds:
                assert step.target in ENDED, step


def test_whatever_ends_a_ticket_stops_every_clock_but_the_archives():
    stops = {kind for effect in CLOSE_CLOCKS if effect.verb == "stop" for kind in effect.kinds}
    after_the_end = {K.ARCHIVE, K.EXCLUSION_REVIEW, K.EVALUATION_VERIFY, K.EVALUATION_RECTIFY}
    assert stops == set(K) - after_the_end
    for step in TABLE:
        if step.target in ENDED and not step.sources <= ENDED | {S.APPEALED}:
            stopped = {kind for effect in step.clocks if effect.verb == "stop" for kind in effect.kinds}
            assert stopped == stops, step
        if step.target is S.CLOSED:
            assert any(effect.verb == "start" and K.ARCHIVE in effect.kinds for effect in step.clocks), step


def test_clocks_stand_still_only_for_the_three_reasons_and_never_for_a_helper():
    pausing = {(step.action, effect.reason) for step in TABLE for effect in step.clocks if effect.verb == "pause"}
    assert pausing == {
        (A.ASK_INFO, PauseReason.WAIT_INFO),
        (A.APPROVE_SUSPENSION, PauseReason.SUSPENDED),
        (A.APPROVE_PAUSE, PauseReason.APPRAISAL),
    }
    for action in (A.REQUEST_SUSPENSION, A.REQUEST_PAUSE):  # E1 and E2 run on
        assert all(g.RUNS_BY_WORKING_TIME in step.guards for step in rows(action))


def test_a_dispatch_starts_the_units_clocks_and_a_return_takes_them_only_when_it_is_agreed():
    for step in rows(A.DISPATCH):
        started = {kind for effect in step.clocks if effect.verb == "start" for kind in effect.kinds}
        assert started >= {K.SIGN, K.CONTACT, K.FEEDBACK, K.FINISH}
    (asked,) = rows(A.REQUEST_RETURN)
    assert [effect.verb for effect in asked.clocks] == ["start"]
    for step in rows(A.APPROVE_RETURN):
        assert any(effect.verb == "stop" and K.FINISH in effect.kinds for effect in step.clocks)
    (refused,) = rows(A.REJECT_RETURN)
    assert all(K.FINISH not in effect.kinds for effect in refused.clocks)  # what ran is not given back


def test_the_units_clock_stands_from_the_signing_off_until_the_hotline_has_read_the_reply():
    (off,) = rows(A.SIGN_OFF)
    assert any(effect.verb == "hold" and K.FINISH in effect.kinds for effect in off.clocks)
    for step in rows(A.REJECT_REPLY):
        assert any(effect.verb == "release" and K.FINISH in effect.kinds for effect in step.clocks)
    (accepted,) = rows(A.ACCEPT_REPLY)
    assert any(effect.verb == "stop" and K.FINISH in effect.kinds for effect in accepted.clocks)


def test_a_rework_is_once_and_has_a_clock_of_its_own():
    (again,) = [step for step in rows(A.RECORD_CALLBACK) if step.target is S.REWORK]
    assert again.when is g.UNHAPPY_FIRST
    assert any(effect.verb == "start" and K.FINISH in effect.kinds for effect in again.clocks)
    (supervised,) = [step for step in rows(A.RECORD_CALLBACK) if step.when is g.UNHAPPY_AGAIN]
    assert supervised.target is None
    assert any(effect.verb == "start" and K.SUPERVISION in effect.kinds for effect in supervised.clocks)


def test_every_request_that_waits_has_its_clock_and_no_holder_takes_it_along():
    for kind in REVIEW_CLOCKS:
        starting = [step for step in TABLE for e in step.clocks if e.verb == "start" and kind in e.kinds]
        ending = [step for step in TABLE for e in step.clocks if e.verb == "stop" and kind in e.kinds]
        assert starting, kind
        assert {step.target for step in ending} >= {S.CLOSED, S.WITHDRAWN}, kind


def test_the_groups_of_states_fit_together():
    assert set(S) == OPEN | ENDED
    assert not OPEN & ENDED
    assert AT_UNIT < HELD < OPEN


def test_urging_is_no_new_ticket_and_no_other_state():
    assert all(step.target is None for step in (*rows(A.URGE), *rows(A.NOTE), *rows(A.SUPERVISE), *rows(A.LINK)))
