"""A request that is right in form for every action: what the table says it needs, with values that can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.tickets.body import ActionBody
from models.workflow_codes import TicketAction as A
from routing.workflow_terms import Step
from tests.fixtures.life import THIRD
from tests.workflow.people import COMMUNITY, HELPER, STREET, Units
from tests.workflow.plays import BAD, GOOD
from tests.workflow.situations import GONE, LINKED, MASTER

_VALUES: dict[str, Any] = {
    "reason": "理由充分",
    "text": "已到现场处理",
    "basis": "三定方案第四条",
    "target": "110",
    "link_kind": "same_matter",
    "result": "reached",
    "public_reply": "问题已解决",
    "solved": 1,
}
_CODES = {A.NOT_ACCEPT: "N1", A.REQUEST_RETURN: "R01", A.REQUEST_EXCLUSION: "X01"}
_GIVEN: dict[A, tuple[dict[str, Any], ...]] = {
    A.RECORD_CALLBACK: (GOOD, BAD, {"callback_result": "not_reached"}, {"callback_result": "refused"}),
    A.SUPERVISE: ({"level": 2}, {"level": 1}),
    A.ESCALATE: ({"level": 2}, {"level": 1}),
    A.MERGE: ({"target_no": MASTER}, {"target_no": GONE}),
    A.LINK: ({"target_no": MASTER}, {"target_no": GONE}),
    A.UNLINK: ({"target_no": LINKED},),
}
"""Where what is said decides: all that may be said."""


@dataclass(frozen=True)
class Form:
    """``label`` tells the forms of one action apart."""

    action: A
    label: str = ""
    given: dict[str, Any] = field(default_factory=dict)


FORMS = tuple(
    Form(action, str(number) if number else "", given)
    for action in A
    for number, given in enumerate(_GIVEN.get(action, ({},)))
)


def body_of(form: Form, step: Step | None, units: Units, now: datetime, file: int) -> ActionBody:
    """What somebody sends who wants this step; None: who is refused whatever else is sent."""
    fields = {
        "at": now,
        "until": now + timedelta(days=10),
        "attachments": [file],
        "code": _CODES.get(form.action),
        "unit": {
            A.SUB_DISPATCH: units.lower or COMMUNITY,
            A.ADD_CO: THIRD,
            A.DROP_CO: HELPER,
            A.SET_INTERIM: THIRD,
        }.get(form.action, STREET),
        **_VALUES,
    }
    wanted = {name: fields[name] for name in (step.needs if step else ()) if name not in form.given}
    if form.action is A.AMEND:  # what the table does not ask for, and the action is about
        wanted["title"] = f"路灯不亮，见照片{file}"
    elif form.action is A.CONTACT:
        wanted["number"] = "13900000001"
    return ActionBody(**wanted | form.given)
