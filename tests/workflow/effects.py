"""What an allowed action must leave behind: state, chain, version, clocks, holder, messages; and nothing else."""

from __future__ import annotations

from models.codes import ClockKind, TicketStatus
from models.ledger import chained
from models.workflow_codes import TicketAction as A
from tests.workflow.clock_effects import check_clocks
from tests.workflow.done import Done
from tests.workflow.record import at

K, S = ClockKind, TicketStatus
_OF_HOTLINE = {S.DRAFT, S.DIRECT, S.REVIEW, S.DISPATCH}
_OF_HOST = {
    S.ARBITRATE, S.SIGN, S.RETURN_REQUESTED, S.HANDLING, S.SUB_DISPATCHED, S.SUSPENDED, S.UNIT_SIGN, S.REPLY_REVIEW,
    S.CALLBACK, S.REWORK, S.APPEALED,
}  # fmt: skip
_OF_NOBODY = {S.CLOSED, S.ARCHIVED, S.WITHDRAWN, S.MERGED, S.NOT_ACCEPTED, S.TRANSFERRED}


def check(done: Done) -> None:
    """All of it. AssertionError: what is not as it must be."""
    _state_and_version(done)
    _chain(done)
    check_clocks(done)
    _holder(done)
    _messages(done)
    _nothing_else(done)


def _state_and_version(done: Done) -> None:
    before, after = done.before.ticket, done.after.ticket
    assert after["status"] == done.target.value
    assert after["version"] == before["version"] + 1
    assert at(after["updated_at"]) == done.now
    if done.target in _OF_NOBODY and S.of(before["status"]) not in _OF_NOBODY:
        assert at(after["closed_at"]) == done.now
    if done.target not in _OF_NOBODY:
        assert after["closed_at"] is None
    assert after["content"].startswith(before["content"]), "a citizen's words were edited"
    if done.step.action not in {A.APPEND, A.GIVE_INFO}:
        assert after["content"] == before["content"]


def _chain(done: Done) -> None:
    old, new = done.before.of("ticket_events"), done.after.of("ticket_events")
    assert {key: new[key] for key in old} == old
    (event,) = (new[key] for key in new.keys() - old.keys())
    last = max(old.values(), key=lambda row: row["seq"])
    assert (event["seq"], event["prev_hash"]) == (last["seq"] + 1, last["hash"])
    entry = {name: event[name] for name in ("ticket_id", "seq", "kind", "actor", "payload")}
    assert event["hash"] == chained(last["hash"], {**entry, "at": at(event["at"])})
    assert (event["kind"], event["actor"], at(event["at"])) == (done.step.action.value, done.actor, done.now)
    assert (event["payload"]["from"], event["payload"]["to"]) == (done.before.ticket["status"], done.target.value)


# ---- holder


def _holder(done: Done) -> None:
    old, new = done.before.of("holdings"), done.after.of("holdings")
    live_before, live_after = done.before.live("holdings"), done.after.live("holdings")
    hotline = done.book.hotline()
    if done.target is S.WAIT_INFO:
        assert new == old
        return
    if done.target in _OF_NOBODY:
        assert live_after == []
    else:
        (holding,) = live_after
        assert holding["unit"] == (hotline if done.target in _OF_HOTLINE else done.after.ticket["host_unit"])
        assert done.target in _OF_HOTLINE | _OF_HOST
        kind = "intake" if done.target in _OF_HOTLINE else "interim" if done.target is S.ARBITRATE else None
        assert kind in {None, holding["kind"]}
        if kind is None:
            assert holding["kind"] == ("designated" if done.after.ticket["designated"] else "dispatched")
        anew = done.step.action in {A.DISPATCH, A.DESIGNATE, A.SET_INTERIM}
        if live_before and not anew and [holding["unit"], holding["kind"]] == [
            live_before[0]["unit"], live_before[0]["kind"]
        ]:  # fmt: skip
            assert new == old
            return
        assert at(holding["started_at"]) == done.now
    for holding in live_before:
        assert at(new[holding["id"]]["ended_at"]) == done.now


# ---- messages

_LETTERS = {
    A.ASK_INFO: ["补充"],
    A.NOT_ACCEPT: ["不予受理"],
    A.DISPATCH: ["派单"],
    A.DESIGNATE: ["派单"],
    A.ACCEPT_REPLY: ["办结"],
    A.DISMISS_APPEAL: ["维持"],
    A.APPROVE_EXTENSION: ["延期"],
    A.APPROVE_SUSPENSION: ["挂账"],
    A.WITHDRAW: ["撤单"],
    A.MERGE: ["并案"],
    A.SUPERVISE: ["督办"],
    A.ESCALATE: ["督办"],
}


def _messages(done: Done) -> None:
    wanted = list(_LETTERS.get(done.step.action, []))
    if done.step.action is A.UPHOLD_APPEAL or (done.unhappy and done.before.ticket["rework_count"] == 0):
        wanted.append("重办")
    if (done.unhappy_again or done.step.action is A.UPHOLD_APPEAL) and not done.supervised:
        wanted.append("督办")
    if done.step.action is A.PROGRESS and done.before.ticket["status"] == S.SUSPENDED:
        wanted.append("进展")
    if done.after.ticket["due"] is None:
        wanted = ["派单无时限" if template == "派单" else template for template in wanted]
    old, new = done.before.of("messages"), done.after.of("messages")
    assert {key: new[key] for key in old} == old
    written = [new[key] for key in new.keys() - old.keys()]
    assert sorted(row["template"] for row in written) == sorted(wanted)
    jobs_before, jobs_after = done.before.of("outbox"), done.after.of("outbox")
    assert {key: jobs_after[key] for key in jobs_before} == jobs_before
    jobs = [jobs_after[key] for key in jobs_after.keys() - jobs_before.keys()]
    if done.target is S.CALLBACK:  # what is planned next: a call, or closing when nothing is left to ask
        jobs = [job for job in jobs if job["topic"] not in {"place_call", "close_callback"}]
    assert {(job["topic"], job["key"]) for job in jobs} == {("send_message", row["id"]) for row in written}
    assert len(jobs) == len(written)


# ---- the rest

_ALWAYS = {"tickets", "ticket_events", "clocks", "holdings", "messages", "outbox", "ticket_search"}
"""Judged above; what is searched follows the ticket's words by a trigger."""
_WRITES: dict[str, frozenset[A]] = {
    "contact_records": frozenset({A.CONTACT}),
    "replies": frozenset({A.SUBMIT_REPLY, A.SIGN_OFF, A.REVISE_REPLY, A.ACCEPT_REPLY, A.REJECT_REPLY}),
    "supervisions": frozenset(
        {A.SUPERVISE, A.ESCALATE, A.ANSWER_SUPERVISION, A.LIFT_SUPERVISION, A.RECORD_CALLBACK, A.UPHOLD_APPEAL}
    ),
}


def _nothing_else(done: Done) -> None:
    action = done.step.action
    changed = {
        table
        for table in done.before.rows.keys() | done.after.rows.keys()
        if done.before.of(table) != done.after.of(table)
    }
    for table in changed - _ALWAYS:
        assert _may_write(done, table), f"{action} wrote to {table}"
    others = {name for name, value in done.after.others.items() if done.before.others[name] != value}
    may: set[str] = set()
    if action in {A.MERGE, A.UNMERGE}:
        may = {"ticket_events"}  # the master's chain tells of it
    elif action in {A.LINK, A.UNLINK}:
        may = {"links"}
    elif action is A.DESIGNATE:
        may = {"catalogue"}
    if done.said.get("attachments"):
        may |= {"attachments"}
    assert others <= may, f"{action} touched what is not this ticket's: {others - may}"


def _may_write(done: Done, table: str) -> bool:
    action, stops = done.step.action, {kind for e in done.step.clocks if e.verb == "stop" for kind in e.kinds}
    if table == "supervisions" and done.supervision_passed_on:
        return True
    if table in _WRITES:
        return action in _WRITES[table]
    return {
        "requests": action.value.startswith(("request_", "approve_", "reject_"))
        or any(kind.value.endswith("_review") for kind in stops),
        "pauses": any(effect.verb in {"pause", "resume"} for effect in done.step.clocks),
        "sub_dispatches": action.value.startswith("sub_") or action is A.RECALL_SUB or K.SUB_FINISH in stops,
        "co_handlings": action in {A.DISPATCH, A.DESIGNATE, A.ADD_CO, A.DROP_CO, A.CO_REPLY} or K.CO in stops,
        "service_evaluations": done.target in _OF_NOBODY,  # the loop of a bad rating ends with its ticket
        "callbacks": S.CALLBACK in {done.target, S.of(done.before.ticket["status"])},  # planned, settled, cancelled
        "attachments": bool(done.said.get("attachments")),
    }.get(table, False)
