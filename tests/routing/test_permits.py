"""May I, and why not: what the table says to whom, in which order of reasons."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.codes import Role, TicketStatus
from models.workflow_codes import TicketAction as A
from routing import guards
from routing.permits import GuardError, NotPermittedError, WrongStateError, find_step, permits
from routing.workflow import TABLE
from routing.workflow_terms import CITIZEN, SYSTEM, Actor, Facts, Side

S = TicketStatus
HANDLING = Facts(status=S.HANDLING, contacted=True, dispatch_count=1)


def of(side: Side, *roles: Role) -> Actor:
    return Actor(frozenset({side}), frozenset(roles))


HANDLER = of(Side.HOST, Role.UNIT_HANDLER)
SIGNER = of(Side.HOST, Role.UNIT_SIGNER)
CALLER = of(Side.HOTLINE, Role.CALLBACK)
DISPATCHER = of(Side.HOTLINE, Role.DISPATCHER)


def test_whoever_may_gets_the_row_with_its_form():
    step = find_step(A.SUBMIT_REPLY, HANDLER, HANDLING)
    assert (step.target, step.needs) == (S.UNIT_SIGN, ("text", "public_reply", "solved"))


def test_a_role_that_never_may_is_told_so_before_anything_else():
    with pytest.raises(NotPermittedError, match="您的角色不能派单这张工单") as caught:
        find_step(A.DISPATCH, HANDLER, replace(HANDLING, status=S.CLOSED))
    assert (caught.value.id, caught.value.guard, caught.value.extra) == ("workflow.not_permitted", None, {})


def test_the_right_role_on_the_wrong_side_of_the_ticket_may_not():
    with pytest.raises(NotPermittedError):
        find_step(A.SUBMIT_REPLY, of(Side.CO, Role.UNIT_HANDLER), HANDLING)


def test_the_right_side_without_the_role_may_not():
    with pytest.raises(NotPermittedError):
        find_step(A.SIGN_OFF, HANDLER, replace(HANDLING, status=S.UNIT_SIGN))


def test_the_state_is_told_before_a_condition():
    with pytest.raises(WrongStateError, match="工单处于“待签收”，不能提交答复") as caught:
        find_step(A.SUBMIT_REPLY, HANDLER, replace(HANDLING, status=S.SIGN, contacted=False))
    assert caught.value.id == "workflow.wrong_state"


def test_of_several_conditions_the_first_of_the_table_is_told():
    facts = replace(HANDLING, contacted=False, co_open=True)
    with pytest.raises(GuardError) as caught:
        find_step(A.SUBMIT_REPLY, HANDLER, facts)
    assert (caught.value.id, caught.value.guard) == ("workflow.guard", "not_contacted")
    assert caught.value.extra == {"guard": "not_contacted"}


@pytest.mark.parametrize(
    ("facts", "target"),
    [
        (Facts(status=S.CALLBACK, callback="happy", contacted=True), S.CLOSED),
        (Facts(status=S.CALLBACK, callback="happy", supervised=True), None),
        (Facts(status=S.CALLBACK, callback="unhappy"), S.REWORK),
        (Facts(status=S.CALLBACK, callback="unhappy", rework_count=1), None),
        (Facts(status=S.CALLBACK, callback="not_reached"), None),
    ],
)
def test_the_branch_follows_what_is_known(facts, target):
    assert find_step(A.RECORD_CALLBACK, CALLER, facts).target is target


def test_where_no_branch_fits_it_is_refused_without_a_step():
    with pytest.raises(GuardError, match="当前情况下不能回访") as caught:
        find_step(A.RECORD_CALLBACK, CALLER, Facts(status=S.CALLBACK))
    assert caught.value.guard == "callback_happy"


def test_of_rows_for_several_roles_the_one_that_fits_is_taken():
    """A second extension: not by who reviews, but by the director, who is on the hotline's side as well."""
    again = replace(HANDLING, pending=frozenset({guards.RequestKind.EXTENSION}), extension_count=1)
    with pytest.raises(GuardError) as caught:
        find_step(A.APPROVE_EXTENSION, DISPATCHER, again)
    assert caught.value.guard == "extension_by_director"
    assert find_step(A.APPROVE_EXTENSION, of(Side.HOTLINE, Role.DIRECTOR), again).target is None


@pytest.mark.parametrize("actor", [HANDLER, SIGNER, CALLER, DISPATCHER, CITIZEN, SYSTEM], ids=repr)
@pytest.mark.parametrize("status", list(S), ids=lambda status: status.name)
def test_every_action_is_listed_once_as_open_with_its_form_or_closed_with_its_reason(actor, status):
    listed = list(permits(actor, Facts(status=status)))
    assert [permit.action for permit in listed] == list(A)
    for permit in listed:
        assert permit.allowed is not bool(permit.error)
        assert bool(permit.error) is bool(permit.why_not)
        rows = [step for step in TABLE if step.action is permit.action]
        if permit.allowed:
            assert any(step.needs == permit.needs and step.takes == permit.takes for step in rows)
            assert any(status in step.sources and any(who.admits(actor) for who in step.who) for step in rows)


def test_a_branch_that_hangs_on_what_the_citizen_will_say_is_open():
    (permit,) = [p for p in permits(CALLER, Facts(status=S.CALLBACK)) if p.action is A.RECORD_CALLBACK]
    assert (permit.allowed, permit.target, permit.needs) == (True, None, ("callback_result",))
    assert "satisfied" in permit.takes


def test_it_is_not_open_to_whoever_may_never_call_back():
    (permit,) = [p for p in permits(HANDLER, Facts(status=S.CALLBACK)) if p.action is A.RECORD_CALLBACK]
    assert (permit.allowed, permit.error) == (False, "workflow.not_permitted")


def test_a_closed_ticket_has_nothing_to_do_for_its_handler():
    assert not [p.action for p in permits(HANDLER, Facts(status=S.ARCHIVED)) if p.allowed]


def test_why_not_is_told_in_chinese_and_by_a_stable_id():
    why = {permit.action: permit for permit in permits(HANDLER, replace(HANDLING, contacted=False))}
    assert (why[A.SUBMIT_REPLY].error, why[A.SUBMIT_REPLY].guard) == ("workflow.guard", "not_contacted")
    assert why[A.SUBMIT_REPLY].why_not == guards.CONTACTED.message
    assert (why[A.SIGN_OFF].error, why[A.SIGN].error) == ("workflow.not_permitted", "workflow.not_permitted")
