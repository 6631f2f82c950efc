"""Every condition of the workflow: what fails it, what lets it hold, and what people are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from models.codes import ClockKind, TicketStatus
from models.workflow_codes import RequestKind
from routing import guards
from routing.permits import GuardError, find_step
from routing.workflow import TABLE
from routing.workflow_terms import Actor, Facts, Guard, Step

FACTS = Facts(status=TicketStatus.DRAFT, pending=frozenset(), past_due=frozenset())

# id: (what is true when it holds, what is true when it does not, what people are told)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "category_missing": ({"has_category": True}, {"has_category": False}, "请先选定诉求类别"),
    "words_missing": ({"has_words": True}, {"has_words": False}, "诉求内容尚未登记"),
    "sign_not_needed": ({"needs_sign": True}, {"needs_sign": False}, "该类工单无须签收"),
    "sign_needed": ({"needs_sign": False}, {"needs_sign": True}, "该类工单须签收、答复"),
    "rating_not_explained": (
        {"rating_explained": True}, {"rating_explained": False}, "只有核实为无法定依据或误评的差评可以直接办结"
    ),
    "rating_not_judged": (
        {"rating_awaits": False}, {"rating_awaits": True}, "差评尚待回访核实，须先回访评价人并作出核实结论"
    ),
    "dispatched_too_often": (
        {"dispatch_count": 2}, {"dispatch_count": 3}, "已多次派单，须经会商后指定承办单位"
    ),
    "urgent_no_arbitration": ({"urgent": False}, {"urgent": True}, "紧急工单不得会商等待，由首接单位先行处置"),
    "designated": ({"designated": False}, {"designated": True}, "经裁定指定的承办单位不得退单"),
    "return_window_closed": (
        {"return_open": True}, {"return_open": False}, "已过退单时限，视同接受，须继续办理"
    ),
    "extension_not_allowed": ({"extension_max": 1}, {"extension_max": 0}, "紧急工单和该类时限不得延期"),
    "urgent_runs_on": ({"urgent": False}, {"urgent": True}, "紧急工单的时限不得停止或延长"),
    "extension_too_late": (
        {"extension_in_time": True}, {"extension_in_time": False}, "须在到期前、当日截止时刻前申请延期"
    ),
    "extension_used_up": ({"extension_count": 1}, {"extension_count": 2}, "延期次数已用完"),
    "extension_by_director": ({"extension_count": 0}, {"extension_count": 1}, "再次延期须由热线主任批准"),
    "not_contacted": ({"contacted": True}, {"contacted": False}, "尚无联系诉求人的记录，不能提交答复或办结"),
    "tries_left": (
        {"unreachable": True}, {"unreachable": False}, "联系诉求人未果的次数不足，不能按联系不上办结"
    ),
    "not_fed_back": ({"fed_back": True}, {"fed_back": False}, "尚未回填办理结果"),
    "co_pending": ({"co_open": False}, {"co_open": True}, "协办单位尚在时限内，请等待其反馈"),
    "paused": ({"paused": False}, {"paused": True}, "计时已停，请先恢复计时"),
    "not_paused": ({"paused": True}, {"paused": False}, "计时未停"),
    "supervised": ({"supervised": False}, {"supervised": True}, "督办未解除，不能办结"),
    "supervision_answered": (
        {"supervised": True}, {"supervised": True, "supervision_answered": True}, "督办已经回复"
    ),
    "supervision_unanswered": (
        {"supervised": True, "supervision_answered": True}, {"supervised": True, "supervision_answered": False},
        "督办尚未回复，不能解除",
    ),
    "supervised_already": (
        {"wanted_level": 2, "supervise_level": 1}, {"wanted_level": 2, "supervise_level": 2},
        "该工单已在同级或更高级督办中",
    ),
    "circulated": ({"circulated": False}, {"circulated": True}, "已经通报过"),
    "callback_not_over": (
        {"tries_done": True}, {"tries_done": False}, "回访尚未完成：须已评价，或按规定次数、时段均未接通"
    ),
    "appeal_window_closed": ({"appeal_open": True}, {"appeal_open": False}, "办结已超过申诉期限"),
    "appealed_before": ({"appeal_count": 0}, {"appeal_count": 1}, "该工单已经申诉复核过"),
    "never_dispatched": ({"dispatch_count": 1}, {"dispatch_count": 0}, "该工单未经单位办理"),
    "target_unsound": (
        {"target_sound": True}, {"target_sound": False}, "对方工单须为另一张在办且未并案的工单"
    ),
    "unmerge_window_closed": ({"unmerge_open": True}, {"unmerge_open": False}, "已过撤销并案的期限"),
    "urged_today": ({"urged_today": 0}, {"urged_today": 1}, "今日已催办过，请耐心等待"),
    "excluded": ({"in_scope": True}, {"in_scope": False}, "该工单已不计入考核"),
    "confidential": ({"confidential": False}, {"confidential": True}, "该工单已是保密工单"),
    "not_confidential": ({"confidential": True}, {"confidential": False}, "该工单不是保密工单"),
    "stability_marked": ({"stability_risk": False}, {"stability_risk": True}, "该工单已标记涉稳"),
    "stability_not_marked": ({"stability_risk": True}, {"stability_risk": False}, "该工单未标记涉稳"),
    # which of several rows it is: nobody is told, another row is taken
    "return_to_arbitration": ({"dispatch_count": 2}, {"dispatch_count": 3}, ""),
    "return_to_dispatch": ({"dispatch_count": 3}, {"dispatch_count": 2}, ""),
    "sub_nested": ({"sub_depth": 2}, {"sub_depth": 1}, ""),
    "sub_of_handling": ({"sub_depth": 1, "rework_count": 0}, {"rework_count": 1}, ""),
    "sub_of_rework": ({"sub_depth": 1, "rework_count": 1}, {"rework_count": 0}, ""),
    "callback_happy": ({"callback": "happy"}, {"callback": "happy", "supervised": True}, ""),
    "callback_happy_held": ({"callback": "happy", "supervised": True}, {"callback": "happy"}, ""),
    "callback_unhappy": ({"callback": "unhappy"}, {"callback": "unhappy", "rework_count": 1}, ""),
    "callback_unhappy_again": ({"callback": "unhappy", "rework_count": 1}, {"callback": "unhappy"}, ""),
    "callback_without_rating": ({"callback": "refused"}, {"callback": "happy"}, ""),
    "rework_used": ({"rework_count": 0}, {"rework_count": 1}, ""),
    "rework_left": ({"rework_count": 1}, {"rework_count": 0}, ""),
    "was_dispatched": ({"dispatch_count": 0}, {"dispatch_count": 1}, ""),
    **{
        f"no_{kind.value}_request": (
            {"pending": frozenset({kind})}, {"pending": frozenset(RequestKind) - {kind}},
            f"没有待审核的{kind.label}申请",
        )
        for kind in RequestKind
    },
    **{
        f"{kind.value}_pending": ({}, {"pending": frozenset({kind})}, f"已有待审核的{kind.label}申请")
        for kind in RequestKind
    },
    **{
        f"{kind.value}_not_due": (
            {"past_due": frozenset({kind})}, {"past_due": frozenset(ClockKind) - {kind}}, f"{kind.label}时限未到"
        )
        for kind in ClockKind
    },
    **{
        f"not_merged_from_{status.value}": ({"merged_from": status}, {"merged_from": TicketStatus.CLOSED}, "")
        for status in TicketStatus
        if status is not TicketStatus.CLOSED
    },
}  # fmt: skip

OF_STEPS = {guard.id: guard for step in TABLE for guard in (*step.guards, *((step.when,) if step.when else ()))}
NAMED = {guard.id: guard for guard in vars(guards).values() if isinstance(guard, Guard)}
MADE = {
    guard.id: guard
    for guard in (
        *map(guards.pending, RequestKind), *map(guards.none_pending, RequestKind), *map(guards.past, ClockKind),
        *(guards.merged_from(status) for status in TicketStatus if status is not TicketStatus.CLOSED),
    )
}  # fmt: skip
ALL = NAMED | MADE


def test_every_condition_has_its_case_here_and_every_named_one_is_used():
    assert CASES.keys() == ALL.keys()
    assert OF_STEPS.keys() <= ALL.keys()
    assert NAMED.keys() <= OF_STEPS.keys()


@pytest.mark.parametrize("name", CASES)
def test_a_condition_holds_or_not_and_says_why(name):
    good, bad, message = CASES[name]
    assert ALL[name].holds(replace(FACTS, **good))
    assert not ALL[name].holds(replace(FACTS, **bad))
    assert ALL[name].message == message


@pytest.mark.parametrize(
    ("guard", "facts"),
    [
        (guards.MAY_EXTEND, {"extension_max": 1, "urgent": True}),
        (guards.RETURN_TO_ARBITRATION, {"dispatch_count": 3, "urgent": True}),  # nobody argues about what is urgent
        (guards.SUB_OF_HANDLING, {"sub_depth": 2}),
        (guards.SUB_OF_REWORK, {"sub_depth": 2, "rework_count": 1}),
        (guards.SUPERVISION_OPEN, {"supervised": False}),
        (guards.SUPERVISION_ANSWERED, {"supervised": False, "supervision_answered": True}),
        (guards.HAPPY, {"callback": None}),
        (guards.HAPPY, {"callback": "unhappy"}),
    ],
)
def test_what_else_fails_a_condition(guard, facts):
    assert not guard.holds(replace(FACTS, **facts))


@pytest.mark.parametrize(
    ("guard", "facts"),
    [
        (guards.RETURN_AGAIN, {"dispatch_count": 9, "urgent": True}),
        (guards.CALLBACK_OVER, {"callback_exempt": True}),
        (guards.CALLBACK_OVER, {"callback_settled": True}),
        (guards.EXTENSION_FIRST, {"extension_count": 1, "second_by_director": False}),
        (guards.NOT_RATED, {"callback": "not_reached"}),
        (None, {}),
    ],
)
def test_what_else_lets_a_condition_hold(guard, facts):
    assert guards.holds(guard, replace(FACTS, **facts))


def _sound(step: Step) -> Facts:
    """Facts under which nothing but the table's own order is against this step."""
    facts = replace(FACTS, status=min(step.sources))
    for guard in (*step.guards, *((step.when,) if step.when else ())):
        good = CASES[guard.id][0]
        if "pending" in good:
            good = {**good, "pending": facts.pending | good["pending"]}
        facts = replace(facts, **good)
    return facts


GUARDED = [(step, guard) for step in TABLE for guard in step.guards]


@pytest.mark.parametrize(("step", "guard"), GUARDED, ids=[f"{step.action.value}-{guard.id}" for step, guard in GUARDED])
def test_each_condition_of_each_step_refuses_it_by_its_id_and_message(step, guard):
    who = step.who[0]
    actor = Actor(frozenset({who.side}), who.roles)
    facts = _sound(step)
    assert find_step(step.action, actor, facts).target is step.target
    others = [other for other in TABLE if other.action is step.action and min(step.sources) in other.sources]
    with pytest.raises(GuardError) as caught:
        find_step(step.action, actor, replace(facts, **CASES[guard.id][1]))
    if len(others) == 1:
        failed = [g for g in step.guards if not g.holds(replace(facts, **CASES[guard.id][1]))]
        assert caught.value.guard == failed[0].id
        assert caught.value.message == failed[0].message
        assert guard in failed
    assert caught.value.extra == {"guard": caught.value.guard}
