"""What belongs to a ticket, as it is told: one record for each row of its tables, with labels, in the city's time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec

from app.clock import CITY_ZONE
from app.tickets.timeline import event_label
from app.tickets.veil import Veil
from models.codes import ClockKind, ExcludeReason, ReturnReason, Satisfied, Solved
from models.workflow_codes import (
    CallbackMode,
    CallbackResult,
    ContactResult,
    Decision,
    HoldingKind,
    LinkKind,
    MessageState,
    PauseReason,
    RequestKind,
    ScanState,
    SubState,
)
from routing.calendar.limit import Limit, Unit
from routing.calendar.remaining import remaining
from routing.calendar.working import WorkingCalendar
from routing.errors import CalendarError

_LONG = timedelta(days=60)


class Part(msgspec.Struct, kw_only=True):
    """Base. ``labels``: field → (the code's field, its list). ``words``: texts of people."""

    labels: ClassVar[dict[str, tuple[str, Any]]] = {}
    words: ClassVar[tuple[str, ...]] = ()
    numbers: ClassVar[tuple[str, ...]] = ()

    def dress(self, veil: Veil) -> None:
        """Name the codes, turn times into the city's, cover what this reader does not see."""
        for field in self.__struct_fields__:
            value = getattr(self, field)
            if isinstance(value, datetime):
                setattr(self, field, value.astimezone(CITY_ZONE))
        for field, (source, codes) in self.labels.items():
            code = getattr(self, source)
            setattr(self, field, None if code is None else codes.of(code).label)
        for field in self.numbers:
            setattr(self, field, veil.phone(getattr(self, field)))
        for field in self.words:
            said = getattr(self, field)
            setattr(self, field, veil.words(said) if veil.sight.content else type(said)() if said else said)


class EventPart(Part, kw_only=True):
    """One event of the ticket's chain."""

    words = ("payload",)
    seq: int
    kind: str
    kind_name: str = ""
    actor: str
    actor_name: str | None = None
    at: datetime
    payload: dict[str, Any]
    hash: str

    def dress(self, veil: Veil) -> None:
        super().dress(veil)
        self.kind_name = event_label(self.kind)
        self.actor_name = {"system": "系统", "citizen": "诉求人"}.get(self.actor, self.actor_name)
        if not veil.sight.content:
            self.actor_name = None


class ClockPart(Part, kw_only=True):
    """A limit: running, standing or stopped. ``left``: 还剩 1 个工作日 3 小时, in working time where the limit is."""

    labels = {"kind_name": ("kind", ClockKind)}
    kind: str
    kind_name: str = ""
    family: str
    holder: str | None = None
    holder_code: str | None = None
    limit: str
    started: datetime
    due: datetime
    stopped: datetime | None = None
    outcome: str | None = None
    paused: list[dict[str, Any]]
    history: list[dict[str, Any]]
    standing: bool = False
    overdue: bool = False
    left: str | None = None

    def tell_left(self, now: datetime, calendar: WorkingCalendar) -> None:
        """Of a clock that has not stopped; one that stands is told as it was when it came to stand."""
        if self.stopped is not None:
            return
        self.standing = bool(self.paused) and "to" not in self.paused[-1]
        at = datetime.fromisoformat(self.paused[-1]["from"]) if self.standing else now
        self.overdue = at > self.due
        self.left = left_of(self.limit, self.due, at, calendar)


def left_of(limit: str, due: datetime, at: datetime, calendar: WorkingCalendar) -> str | None:
    """What is left of a limit, for people; None: a year that is needed is not known.

    Of what is months away or long overdue nobody counts working days.
    """
    unit: Unit = Limit.parse(limit).unit if abs(due - at) < _LONG else "nd"
    try:
        return remaining(unit, due, at, calendar).label
    except CalendarError:
        return None


class HoldingPart(Part, kw_only=True):
    """Who answered for it, from when to when, and why it came there."""

    labels = {"kind_name": ("kind", HoldingKind)}
    words = ("reason",)
    unit: str
    unit_code: str
    kind: str
    kind_name: str = ""
    started_at: datetime
    ended_at: datetime | None
    reason: str


class RequestPart(Part, kw_only=True):
    """Something asked for, and how it was decided."""

    labels = {"kind_name": ("kind", RequestKind), "decision_name": ("decision", Decision)}
    words = ("reason", "basis", "detail", "decision_reason")
    id: int
    kind: str
    kind_name: str = ""
    unit: str | None
    code: str | None
    code_name: str | None = None
    reason: str
    basis: str | None
    attachments: list[int]
    detail: dict[str, Any]
    asked_by: str
    asked_at: datetime
    decision: str | None
    decision_name: str | None = None
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None

    def dress(self, veil: Veil) -> None:
        super().dress(veil)
        if self.code is not None:
            codes = ReturnReason if self.kind == RequestKind.RETURN else ExcludeReason
            self.code_name = codes.of(self.code).label


class ContactPart(Part, kw_only=True):
    """A try to reach the citizen."""

    labels = {"result_name": ("result", ContactResult)}
    words, numbers = ("note",), ("number",)
    id: int
    unit: str | None
    by: str
    at: datetime
    number: str | None
    call_id: str | None
    result: str
    result_name: str = ""
    note: str


class ReplyPart(Part, kw_only=True):
    """One version of the unit's reply."""

    labels = {"solved_name": ("solved", Solved)}
    words = ("result", "public_reply", "unsolved_reason", "fault")
    version: int
    unit: str
    result: str
    public_reply: str
    solved: int
    solved_name: str = ""
    unsolved_reason: str | None
    is_true: bool | None
    over_duty: bool
    attachments: list[int]
    handler: str
    submitted_at: datetime
    signer: str | None
    signed_at: datetime | None
    reviewer: str | None
    reviewed_at: datetime | None
    accepted: bool | None
    fault: str | None


class CallbackPart(Part, kw_only=True):
    """One try to ask the citizen how it went."""

    labels = {
        "mode_name": ("mode", CallbackMode), "result_name": ("result", CallbackResult),
        "satisfied_name": ("satisfied", Satisfied), "solved_name": ("solved", Solved),
    }  # fmt: skip
    words = ("reason",)
    id: int
    round: int
    try_no: int
    mode: str
    mode_name: str = ""
    result: str
    result_name: str = ""
    planned_at: datetime
    at: datetime | None
    by: str | None
    call_id: str | None
    satisfied: int | None
    satisfied_name: str | None = None
    solved: int | None
    solved_name: str | None = None
    reason: str | None


class SubPart(Part, kw_only=True):
    """Work that was passed down."""

    labels = {"state_name": ("state", SubState)}
    words = ("demand", "result")
    id: int
    above: int | None
    from_unit: str
    from_unit_code: str
    to_unit: str
    to_unit_code: str
    state: str
    state_name: str = ""
    demand: str
    due: datetime
    started_at: datetime
    ended_at: datetime | None
    result: str | None


class CoPart(Part, kw_only=True):
    """A unit that helps."""

    words = ("demand", "reply")
    id: int
    unit: str
    unit_code: str
    demand: str
    started_at: datetime
    due: datetime | None
    ended_at: datetime | None
    reply: str | None


class SupervisionPart(Part, kw_only=True):
    """督办 of one level."""

    words = ("reason", "answer")
    level: int
    unit: str
    reason: str
    opened_by: str
    started_at: datetime
    due: datetime
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None


class LinkPart(Part, kw_only=True):
    """Another ticket that belongs to it, where its reader may see that one too. ``kind``: master, child, a link's."""

    id: int
    no: str
    kind: str
    kind_name: str = ""
    status: int
    at: datetime | None

    def dress(self, veil: Veil) -> None:
        super().dress(veil)
        self.kind_name = {"master": "主单", "child": "并入子单"}.get(self.kind) or LinkKind.of(self.kind).label


class PausePart(Part, kw_only=True):
    """A stretch of time in which its clocks stood still."""

    labels = {"reason_name": ("reason", PauseReason)}
    reason: str
    reason_name: str = ""
    approved_by: str
    until: datetime
    started_at: datetime
    ended_at: datetime | None


class MessagePart(Part, kw_only=True):
    """A message to the citizen, and where it is."""

    labels = {"state_name": ("state", MessageState)}
    numbers = ("recipient",)
    id: str
    template: str
    recipient: str
    state: str
    state_name: str = ""
    attempts: int
    created_at: datetime
    sent_at: datetime | None


class AttachmentPart(Part, kw_only=True):
    """A file."""

    labels = {"scan_name": ("scan", ScanState)}
    words = ("name",)
    id: int
    name: str
    size: int
    media_type: str
    scan: str
    scan_name: str = ""
    by: str
    at: datetime


class SaidPart(Part, kw_only=True):
    """An utterance of the call."""

    words = ("text",)
    side: str
    part: int
    start_s: float
    end_s: float
    text: str | None


class RecordingPart(Part, kw_only=True):
    """A piece of the call's sound."""

    side: str
    part: int
    seconds: float
    path: str
