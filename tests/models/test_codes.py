"""Code lists of domain.md: codes are what is stored for ever, labels what people read."""

from __future__ import annotations

from enum import Enum, IntEnum

import pytest
from sqlalchemy import CheckConstraint

from models import codes
from models.base import code_check
from models.tables import metadata

LISTS = [
    thing
    for thing in vars(codes).values()
    if isinstance(thing, type) and issubclass(thing, Enum) and thing.__module__ == "models.codes" and len(thing)
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
    "TicketEventKind": (9, "created", "受理登记", "recalculated", "日历变更重算时限"),
    "ActorKind": (3, "user", "用户", "cli", "命令行"),
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
        ("captions", "side"), ("recordings", "side"), ("user_roles", "role"),
    }  # fmt: skip
