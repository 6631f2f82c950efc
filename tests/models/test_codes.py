"""Code lists of domain.md: codes are what is stored for ever, labels what people read."""

from __future__ import annotations

from enum import Enum, IntEnum

import pytest
from sqlalchemy import CheckConstraint

from models import codes, workflow_codes
from models.base import code_check
from models.tables import metadata

LISTS = [
    thing
    for module in (codes, workflow_codes)
    for thing in vars(module).values()
    if isinstance(thing, type) and issubclass(thing, Enum) and thing.__module__ == module.__name__ and len(thing)
]

# what the rows of old tickets carry: a code that changes or goes makes them unreadable
FIRST_AND_LAST = {
    "AppealType": (7, "01", "咨询", "07", "其他"),
    "Channel": (19, "10", "电话12345", "60", "智能预警"),
    "Urgency": (4, 1, "特急", 4, "疑难"),
    "TicketStatus": (22, 10, "登记中", 94, "转接完成"),
    "Satisfied": (7, 5, "非常满意", 9, "未接通"),
    "Solved": (5, 1, "已解决", 9, "未知"),
    "CloseType": (10, "01", "直接答复", "10", "转接完成"),
    "ReturnReason": (9, "R01", "非本单位职责", "R09", "其他"),
    "ExcludeReason": (10, "X01", "法定途径", "X10", "诉求超行政范围"),
    "NotAcceptReason": (8, "N1", "非本市管辖", "N8", "其他"),
    "Tier": (4, 1, "市热线中心", 4, "社区/经办"),
    "ClockKind": (27, "dispatch", "派单", "evaluation_rectify", "差评整改"),
    "Role": (19, "agent", "话务员", "auditor", "审计员"),
    "CallDirection": (2, "in", "呼入", "out", "呼出"),
    "CallOutcome": (15, "in_progress", "通话中", "unreachable", "无法接通"),
    "TicketEventKind": (10, "created", "受理登记", "alarmed", "特急工单滞留报警"),
    "ActorKind": (3, "user", "用户", "cli", "命令行"),
    "TicketAction": (79, "amend", "补正要素", "circulate", "通报"),
    "RequestKind": (6, "return", "退单", "withdrawal", "撤单"),
    "Decision": (4, "approved", "同意", "lapsed", "失效"),
    "PauseReason": (3, "wait_info", "待补充", "appraisal", "法定鉴定检测"),
    "ContactResult": (2, "reached", "已联系", "not_reached", "未联系上"),
    "CallbackMode": (3, "sms", "短信", "human", "人工回访"),
    "CallbackResult": (5, "planned", "待回访", "cancelled", "已取消"),
    "HoldingKind": (4, "intake", "热线受理", "designated", "指定承办"),
    "SubState": (5, "sign", "待签收", "recalled", "已收回"),
    "WarnState": (3, 0, "正常", 2, "红牌"),
    "MessageState": (4, "queued", "待发送", "cancelled", "已取消"),
    "EvaluationClass": (4, "a", "情况清楚诉求合理", "d", "误评或恶意"),
    "EvaluationState": (4, "verify", "待回访核实", "done", "已办结"),
    "LinkKind": (3, "same_person", "同一诉求人", "same_matter", "同一事项"),
    "ScanState": (3, "clean", "未发现问题", "infected", "发现病毒"),
}


def test_every_list_is_looked_at_here():
    assert {kind.__name__ for kind in LISTS} == set(FIRST_AND_LAST)


@pytest.mark.parametrize("kind", LISTS, ids=lambda kind: kind.__name__)
def test_a_list_has_its_members_from_the_first_to_the_last(kind):
    members = list(kind)
    ends = (members[0].value, members[0].label, members[-1].value, members[-1].label)
    assert (len(members), *ends) == FIRST_AND_LAST[kind.__name__]


@pytest.mark.parametrize("kind", LISTS, ids=lambda kind: kind.__name__)
def test_each_member_is_its_code_is_found_by_it_and_has_a_label_of_its_own(kind):
    for member in kind:
        assert member == member.value
        assert kind.of(member.value) is member
        assert member.label
    assert len({member.label for member in kind}) == len(kind)


@pytest.mark.parametrize("kind", LISTS, ids=lambda kind: kind.__name__)
def test_a_code_that_is_not_in_the_list_is_refused(kind):
    with pytest.raises(ValueError, match="is not a valid"):
        kind.of(77 if issubclass(kind, IntEnum) else "77")


def test_a_type_is_found_by_its_label_and_an_unknown_one_is_other():
    assert codes.AppealType.of_label("投诉") is codes.AppealType.COMPLAINT
    assert codes.AppealType.of_label("闲聊") is codes.AppealType.OTHER


def test_what_is_asked_for_has_its_actions_its_clock_and_its_way_back():
    """``request_…``, ``approve_…``, ``reject_…`` and the review's clock are found by the kind's code."""
    for kind in workflow_codes.RequestKind:
        assert codes.ClockKind.of(f"{kind.value}_review").label.endswith("审核")
        assert workflow_codes.TicketAction.of(f"request_{kind.value}")


def test_no_action_is_called_as_an_event_of_the_system_is():
    assert not {action.value for action in workflow_codes.TicketAction} & {kind.value for kind in codes.TicketEventKind}


def test_a_check_lists_texts_quoted_and_numbers_bare():
    assert str(code_check("tier", codes.Tier).sqltext) == "tier IN (1, 2, 3, 4)"
    check = code_check("family", ("unit", "citizen"), "family_name")
    assert (str(check.sqltext), check.name) == ("family IN ('unit', 'citizen')", "family_name")


def test_the_tables_that_carry_codes_check_them():
    checked = {
        (table.name, str(constraint.name))
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint) and " IN (" in str(constraint.sqltext)
    }
    assert {(table, name.removeprefix(f"ck_{table}_")) for table, name in checked} >= {
        ("tickets", "status"), ("tickets", "type"), ("tickets", "channel"), ("tickets", "urgency"), ("tickets", "tier"),
        ("ticket_events", "kind"), ("clocks", "kind"), ("clocks", "family"), ("calls", "outcome"), ("units", "tier"),
        ("captions", "side"), ("recordings", "side"), ("user_roles", "role"), ("holdings", "kind"),
        ("requests", "kind"), ("requests", "decision"), ("sub_dispatches", "state"), ("links", "kind"),
        ("contact_records", "result"), ("replies", "solved"), ("callbacks", "mode"), ("callbacks", "result"),
        ("callbacks", "satisfied"), ("callbacks", "solved"), ("pauses", "reason"), ("messages", "state"),
        ("stored_files", "scan"), ("service_evaluations", "state"), ("service_evaluations", "verdict"),
        ("tickets", "close_type"), ("tickets", "exclude_reason"), ("tickets", "warn_state"), ("tickets", "satisfied"),
    }  # fmt: skip
