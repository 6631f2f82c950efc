"""What must become of a ticket's clocks: the table's effects in their order, after what the deed itself does.

What deeds do besides the table is written here by hand (domain.md §3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from models.codes import ClockKind, TicketStatus
from models.workflow_codes import TicketAction as A
from routing.workflow import PART_CLOCKS
from tests.workflow.done import Done
from tests.workflow.record import at

K, S = ClockKind, TicketStatus
Key = tuple[str, int | None]
"""(kind, sub-dispatch or helper); None where a ticket has one of a kind."""
Live = dict[Key, dict[str, Any] | None]
"""Clocks that run while the effects are gone through; None: begun by this step."""
_STANDS_IN_A_PAUSE = (
    K.SIGN, K.CONTACT, K.FEEDBACK, K.FINISH, K.PROGRESS, K.CITIZEN, K.DISPATCH, K.CALLBACK,
)  # fmt: skip
_ONE_WORKER = {A.SUB_REPLY, A.SUB_RETURN, A.SUB_SIGN, A.CO_REPLY, A.DROP_CO, A.ADD_CO, A.SUB_DISPATCH}
"""They are about one of those who work for the holder, not about all."""


@dataclass
class Clocks:
    started: set[Key] = field(default_factory=set)
    stopped: set[Key] = field(default_factory=set)
    reopened: set[Key] = field(default_factory=set)
    stood: set[Key] = field(default_factory=set)
    went_on: set[Key] = field(default_factory=set)
    moved: set[Key] = field(default_factory=set)


def check_clocks(done: Done) -> None:
    """AssertionError: what became of a clock is not what must."""
    seen, wanted = _seen(done), _wanted(done)
    assert seen == wanted, f"clocks: {seen} instead of {wanted}"
    for clock in done.after.live("clocks", "stopped_at"):
        if _key(clock) in seen.started and clock["ref"] is None and _key(clock)[0] not in {"suspension", "appraisal"}:
            level = done.after.ticket["supervise_level"] or 1
            limit = done.book.limit_of(
                K.of(clock["kind"]), done.after.ticket["profile"], level=level, rework=done.target is S.REWORK
            )
            assert limit is not None
            assert (clock["limit"], at(clock["due"])) == (limit, done.book.due(limit, done.now))
    citizen = [clock for clock in done.after.of("clocks").values() if clock["kind"] == K.CITIZEN]
    old = [clock for clock in done.before.of("clocks").values() if clock["kind"] == K.CITIZEN]
    for new, was in zip(citizen, old, strict=True):
        assert new["started_at"] == was["started_at"]
        assert at(new["due"]) >= at(was["due"])  # type: ignore[operator]


def _key(clock: dict[str, Any]) -> Key:
    return clock["kind"], clock["ref"]


def _stands(clock: dict[str, Any]) -> bool:
    return bool(clock["paused"]) and "to" not in clock["paused"][-1]


def _seen(done: Done) -> Clocks:
    seen, old = Clocks(), done.before.of("clocks")
    for key, clock in done.after.of("clocks").items():
        was, name = old.get(key), _key(clock)
        if was is None:
            assert at(clock["started_at"]) == done.now
            (seen.started if clock["stopped_at"] is None else seen.stopped).add(name)
            continue
        if clock == was:
            continue
        if was["stopped_at"] is None and clock["stopped_at"] is not None:
            assert at(clock["stopped_at"]) == done.now
            assert clock["next_at"] is None
            assert clock["outcome"]
            seen.stopped.add(name)
        elif was["stopped_at"] is not None:
            assert clock["stopped_at"] is None, "a stopped clock was changed"
            seen.reopened.add(name)
        elif _stands(clock) != _stands(was):
            (seen.stood if _stands(clock) else seen.went_on).add(name)
        elif clock["due"] != was["due"]:
            seen.moved.add(name)
        else:
            assert clock["limit"] != was["limit"], f"{name} was changed, and nothing says how"
            seen.moved.add(name)
    return seen


def _wanted(done: Done) -> Clocks:
    """By the table's effects in their order, after what the deed does."""
    wanted, live = Clocks(), {_key(clock): clock for clock in done.before.live("clocks", "stopped_at")}
    _by_deed(done, live, wanted)
    for effect in done.step.clocks:
        for kind in effect.kinds or _STANDS_IN_A_PAUSE:
            _VERBS[effect.verb](done, kind, live, wanted)
    return wanted


def _stop(done: Done, kind: ClockKind, live: Live, wanted: Clocks) -> None:
    mine = _of(kind, live)
    if kind in PART_CLOCKS and done.step.action in _ONE_WORKER:
        mine = [key for key in mine if key[1] == _ref(done)]
    for key in mine:
        del live[key]
        wanted.stopped.add(key)
        wanted.went_on.discard(key)  # it went on and was stopped by one step


def _start(done: Done, kind: ClockKind, live: Live, wanted: Clocks) -> None:
    for key in _to_start(done, kind):
        if key not in live:
            live[key] = None
            wanted.started.add(key)


def _reopen(done: Done, kind: ClockKind, live: Live, wanted: Clocks) -> None:
    """The newest of its kind goes on; when a merge is undone, only what the merge has stopped."""
    of_kind = [clock for clock in done.before.of("clocks").values() if clock["kind"] == kind.value]
    helpers = [row["id"] for row in done.before.live("co_handlings")]
    for key in [(kind.value, helper) for helper in helpers] if kind is K.CO else [(kind.value, None)]:
        candidates = [clock for clock in of_kind if _key(clock) == key]
        if key in live or not candidates:
            continue
        newest = max(candidates, key=lambda clock: clock["id"])
        if done.step.action is not A.UNMERGE or newest["outcome"] == A.MERGE.value:
            live[key] = None
            wanted.reopened.add(key)


def _stand(done: Done, kind: ClockKind, live: Live, wanted: Clocks) -> None:
    wanted.stood |= {key for key in _of(kind, live) if (clock := live[key]) and not _stands(clock)}


def _go_on(done: Done, kind: ClockKind, live: Live, wanted: Clocks) -> None:
    wanted.went_on |= {key for key in _of(kind, live) if (clock := live[key]) and _stands(clock)}


def _relimit(done: Done, kind: ClockKind, live: Live, wanted: Clocks) -> None:
    """The other profile's limit from the same start, where that is later."""
    limit = done.book.profile(done.after.ticket["profile"]).finish
    for key in _of(kind, live):
        clock = live[key]
        start, due = (at(clock[name]) for name in ("started_at", "due")) if clock else (None, None)
        if limit and start and due and done.book.due(limit, start) > due:
            wanted.moved.add(key)


_VERBS: dict[str, Callable[[Done, ClockKind, Live, Clocks], None]] = {
    "stop": _stop, "start": _start, "reopen": _reopen, "pause": _stand, "hold": _stand, "resume": _go_on,
    "release": _go_on, "relimit": _relimit,
}  # fmt: skip


def _of(kind: ClockKind, live: Live) -> list[Key]:
    return [key for key in live if key[0] == kind.value]


def _ref(done: Done) -> int | None:
    """Of the sub-dispatch or helper that the step is about."""
    if done.step.action in {A.CO_REPLY, A.DROP_CO, A.ADD_CO}:
        old, new = done.before.live("co_handlings"), done.after.live("co_handlings")
        (row,) = {row["id"] for row in old} ^ {row["id"] for row in new}
        return int(row)
    subs = done.after if done.step.action is A.SUB_DISPATCH else done.before
    return int(subs.live("sub_dispatches")[-1]["id"])


def _to_start(done: Done, kind: ClockKind) -> list[Key]:
    profile = done.after.ticket["profile"]
    if kind is K.SUPERVISION:
        return []  # with its level, by the deed
    if kind is K.CO:
        timed = done.book.limit_of(kind, profile) is not None
        rows = [row for row in done.after.live("co_handlings") if timed and row["due"] is not None]
        return [(kind.value, row["id"]) for row in rows]
    if done.book.limit_of(kind, profile, rework=done.target is S.REWORK) is None:
        return []
    if kind in {K.SUB_SIGN, K.SUB_FINISH}:
        return [(kind.value, _ref(done))]
    return [(kind.value, None)]


def _by_deed(done: Done, live: Live, wanted: Clocks) -> None:
    action = done.step.action
    contact, progress, supervision = ((kind.value, None) for kind in (K.CONTACT, K.PROGRESS, K.SUPERVISION))
    if action is A.CONTACT and contact in live and done.by_a_unit:
        del live[contact]
        wanted.stopped.add(contact)
    if action is A.PROGRESS and progress in live:
        wanted.stopped.add(progress)
        wanted.started.add(progress)
    if action is A.APPROVE_EXTENSION:
        wanted.moved |= {key for key in live if key[0] in {K.FINISH, K.CITIZEN}}
    opens = action in {A.SUPERVISE, A.ESCALATE}
    if opens and supervision in live:
        del live[supervision]
        wanted.stopped.add(supervision)
    if (opens or done.unhappy_again or action is A.UPHOLD_APPEAL) and not (done.supervised and not opens):
        live[supervision] = None
        wanted.started.add(supervision)
    if done.supervision_passed_on:
        wanted.stopped |= {supervision} & live.keys()
        wanted.started.add(supervision)
    if opens:  # the table's stop and start are the deed's
        live.pop(supervision, None)
