"""The life of a ticket as one table (domain.md §3): from, action, to, who, what it needs, what it does to clocks.

The API asks it which actions are open, the console draws its buttons from that, tests walk all of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from models.codes import ClockKind, Role, TicketStatus
from models.workflow_codes import PauseReason, RequestKind, TicketAction
from routing import guards as g
from routing.workflow_terms import ClockEffect, Guard, Side, Step, Who

S, A, K, R, Q = TicketStatus, TicketAction, ClockKind, Role, RequestKind

UNIT_CLOCKS = (K.SIGN, K.CONTACT, K.FEEDBACK, K.FINISH)
PART_CLOCKS = (K.SUB_SIGN, K.SUB_FINISH, K.CO)
"""Of those who work for the holder."""
REVIEW_CLOCKS = (
    K.RETURN_REVIEW, K.EXTENSION_REVIEW, K.SUSPENSION_REVIEW, K.PAUSE_REVIEW,
)  # fmt: skip
ALL_UNIT = (*UNIT_CLOCKS, *PART_CLOCKS, *REVIEW_CLOCKS)
"""All that ends when the ticket leaves its holder."""
EVERYTHING = (
    K.DISPATCH, *ALL_UNIT, K.REVIEW, K.CALLBACK, K.ARBITRATE, K.WAIT_INFO, K.SUSPENSION, K.APPRAISAL, K.PROGRESS,
    K.APPEAL_REVIEW, K.SUPERVISION, K.WITHDRAWAL_REVIEW,
)  # fmt: skip
"""All that ends with the ticket, but the citizen's own; archive, assessment and ratings go on after it."""

BEFORE_UNIT = frozenset({S.DRAFT, S.REVIEW, S.DISPATCH})
AT_UNIT = frozenset({S.SIGN, S.RETURN_REQUESTED, S.HANDLING, S.SUB_DISPATCHED, S.SUSPENDED, S.UNIT_SIGN, S.REWORK})
WORKED_ON = frozenset({S.HANDLING, S.SUB_DISPATCHED, S.REWORK})
OPEN = (
    frozenset({S.DRAFT, S.DIRECT, S.WAIT_INFO, S.REVIEW, S.DISPATCH, S.ARBITRATE})
    | AT_UNIT
    | frozenset({S.REPLY_REVIEW, S.CALLBACK, S.APPEALED})
)
HELD = frozenset({S.ARBITRATE, S.REPLY_REVIEW, S.CALLBACK, S.APPEALED}) | AT_UNIT
"""A unit answers for it."""
ENDED = frozenset({S.CLOSED, S.ARCHIVED, S.WITHDRAWN, S.MERGED, S.NOT_ACCEPTED, S.TRANSFERRED})


def hotline(*roles: Role) -> Who:
    return Who(Side.HOTLINE, frozenset(roles))


def host(*roles: Role) -> Who:
    return Who(Side.HOST, frozenset(roles))


_AGENTS = hotline(R.AGENT, R.TEAM_LEADER)
_INTAKE = hotline(R.AGENT, R.TEAM_LEADER, R.DISPATCHER, R.DISPATCH_SUPERVISOR)
_REVIEWERS = hotline(R.DISPATCHER, R.DISPATCH_SUPERVISOR)
_CHIEFS = hotline(R.DISPATCH_SUPERVISOR, R.DIRECTOR)
_DIRECTOR = hotline(R.DIRECTOR)
_CALLERS = hotline(R.CALLBACK)
_SUPERVISORS = hotline(R.SUPERVISION, R.DIRECTOR)
_SIGNERS = host(R.UNIT_SIGNER, R.UNIT_LIAISON, R.DISTRICT_ADMIN)
_HANDLERS = host(R.UNIT_HANDLER)
_WORKERS = host(R.UNIT_SIGNER, R.UNIT_HANDLER, R.UNIT_LIAISON, R.DISTRICT_ADMIN)
_HEADS = host(R.UNIT_APPROVER)
_ASKERS = host(R.UNIT_SIGNER, R.UNIT_HANDLER, R.UNIT_LIAISON, R.UNIT_APPROVER, R.DISTRICT_ADMIN)
_SUB = Who(Side.SUB, frozenset({R.UNIT_SIGNER, R.UNIT_HANDLER, R.UNIT_LIAISON, R.DISTRICT_ADMIN}))
_CO = Who(Side.CO, frozenset({R.UNIT_SIGNER, R.UNIT_HANDLER, R.UNIT_LIAISON, R.UNIT_APPROVER, R.DISTRICT_ADMIN}))
_CITIZEN, _SYSTEM = Who(Side.CITIZEN), Who(Side.SYSTEM)


def start(*kinds: ClockKind) -> ClockEffect:
    return ClockEffect("start", kinds)


def stop(*kinds: ClockKind) -> ClockEffect:
    return ClockEffect("stop", kinds)


def reopen(*kinds: ClockKind) -> ClockEffect:
    return ClockEffect("reopen", kinds)


def pause(reason: PauseReason) -> ClockEffect:
    return ClockEffect("pause", reason=reason)


RESUME = ClockEffect("resume")
HOLD, RELEASE = ClockEffect("hold", (K.FINISH,)), ClockEffect("release", (K.FINISH,))
CLOSE_CLOCKS = (stop(*EVERYTHING, K.CITIZEN), start(K.ARCHIVE))
END_CLOCKS = (stop(*EVERYTHING, K.CITIZEN),)


def step(
    action: TicketAction,
    sources: Iterable[TicketStatus] | TicketStatus,
    target: TicketStatus | None,
    *who: Who,
    needs: tuple[str, ...] = (),
    takes: tuple[str, ...] = (),
    guards: tuple[Guard, ...] = (),
    clocks: tuple[ClockEffect, ...] = (),
    when: Guard | None = None,
) -> Step:
    """A row."""
    among = frozenset({sources} if isinstance(sources, TicketStatus) else sources)
    return Step(action, among, target, who, needs, takes, guards, clocks, when)


_CONTACT_FIELDS = ("result", "at")
_REPLY_FIELDS = ("text", "public_reply", "solved")
_FREE = (g.NOT_PAUSED,)
_JUDGED = (g.RATING_JUDGED,)
"""A bad rating leaves 待审核 by its verdict only: its rater is always called back (domain.md §8)."""

INTAKE = (
    step(A.AMEND, BEFORE_UNIT, None, _INTAKE, takes=("category", "type", "urgency", "title", "district", "street",
         "address", "demand", "occurred_at", "subject", "caller_name", "contact_phone", "special_group", "anonymous",
         "unit", "co_units", "reason"), guards=_JUDGED),
    step(A.APPEND, OPEN, None, _INTAKE, _CALLERS, _CITIZEN, needs=("text",), takes=("attachments", "call_id")),
    step(A.SUBMIT, S.DRAFT, S.REVIEW, _INTAKE, _SYSTEM, guards=(g.HAS_WORDS, g.HAS_CATEGORY)),
    step(A.ANSWER, S.DRAFT, S.DIRECT, _AGENTS, needs=("text",), takes=("knowledge_id",),
         guards=(*_JUDGED, g.HAS_WORDS, g.HAS_CATEGORY), clocks=(stop(K.DISPATCH),)),
    step(A.CLOSE, S.DIRECT, S.CLOSED, _AGENTS, _SYSTEM, clocks=CLOSE_CLOCKS),
    step(A.CLOSE, S.REVIEW, S.CLOSED, _REVIEWERS, needs=("reason",), guards=(g.RATING_EXPLAINED,), clocks=CLOSE_CLOCKS),
    step(A.NOT_ACCEPT, (S.DRAFT, S.REVIEW, S.DISPATCH), S.NOT_ACCEPTED, _INTAKE, needs=("code", "reason"),
         takes=("route",), guards=(*_JUDGED, g.NOT_SUPERVISED), clocks=END_CLOCKS),
    step(A.TRANSFER, (S.DRAFT, S.REVIEW), S.TRANSFERRED, _INTAKE, needs=("target", "reason"), takes=("call_id",),
         guards=_JUDGED, clocks=END_CLOCKS),
    step(A.ASK_INFO, (S.DRAFT, S.REVIEW, S.DISPATCH, S.CALLBACK), S.WAIT_INFO, _INTAKE, _CALLERS, needs=("reason",),
         guards=(*_JUDGED, g.NOT_SUPERVISED), clocks=(pause(PauseReason.WAIT_INFO), start(K.WAIT_INFO))),
    step(A.GIVE_INFO, S.WAIT_INFO, S.REVIEW, _INTAKE, _CALLERS, _CITIZEN, needs=("text",), takes=("attachments",),
         clocks=(stop(K.WAIT_INFO, K.CALLBACK, *ALL_UNIT), RESUME, start(K.DISPATCH))),
    step(A.CONTACT, BEFORE_UNIT | {S.WAIT_INFO}, None, _INTAKE, _CALLERS, needs=_CONTACT_FIELDS,
         takes=("number", "call_id", "text")),
    step(A.CLOSE_UNREACHABLE, S.WAIT_INFO, S.CLOSED, _SYSTEM, guards=(g.past(K.WAIT_INFO),),
         clocks=(RESUME, *CLOSE_CLOCKS)),
    step(A.CLOSE_UNREACHABLE, S.WAIT_INFO, S.CLOSED, _INTAKE, _CALLERS, needs=("reason",), guards=(g.UNREACHABLE,),
         clocks=(RESUME, *CLOSE_CLOCKS)),
)  # fmt: skip

DISPATCHING = (
    step(A.APPROVE, S.REVIEW, S.DISPATCH, _REVIEWERS, _SYSTEM, guards=(*_JUDGED, g.HAS_WORDS, g.HAS_CATEGORY)),
    step(A.SEND_BACK, S.REVIEW, S.DRAFT, _REVIEWERS, needs=("reason",), guards=_JUDGED),
    step(A.DISPATCH, S.DISPATCH, S.SIGN, _REVIEWERS, _SYSTEM, needs=("unit",),
         takes=("co_units", "reason", "co_demand"), guards=(g.NOT_TOO_OFTEN,), when=g.NEEDS_SIGN,
         clocks=(stop(K.DISPATCH), start(*UNIT_CLOCKS, K.CO))),
    step(A.DISPATCH, S.DISPATCH, S.HANDLING, _REVIEWERS, _SYSTEM, needs=("unit",),
         takes=("co_units", "reason", "co_demand"), guards=(g.NOT_TOO_OFTEN,), when=g.NO_SIGN,
         clocks=(stop(K.DISPATCH), start(*UNIT_CLOCKS, K.CO))),
    step(A.CONFER, S.DISPATCH, S.ARBITRATE, _REVIEWERS, needs=("reason",), takes=("unit",), guards=(g.NOT_URGENT,),
         clocks=(stop(K.DISPATCH), start(K.ARBITRATE, K.CONTACT))),
    step(A.SET_INTERIM, S.ARBITRATE, None, _CHIEFS, needs=("unit", "reason"),
         clocks=(stop(K.CONTACT), start(K.CONTACT))),
    step(A.DESIGNATE, (S.DISPATCH, S.ARBITRATE), S.SIGN, _CHIEFS, needs=("unit", "basis"),
         takes=("co_units", "co_demand", "attachments", "learn"),
         clocks=(stop(K.DISPATCH, K.ARBITRATE, K.CONTACT), start(*UNIT_CLOCKS, K.CO))),
    step(A.DECLARE_DIFFICULT, (S.REVIEW, S.DISPATCH, S.SIGN, S.HANDLING), None, _CHIEFS, needs=("reason",),
         guards=(g.RUNS_BY_WORKING_TIME,),
         clocks=(stop(K.EXTENSION_REVIEW), ClockEffect("relimit", (K.FINISH, K.CITIZEN)))),
)  # fmt: skip

RETURNING = (
    step(A.REQUEST_RETURN, (S.SIGN, S.HANDLING), S.RETURN_REQUESTED, _SIGNERS,
         needs=("code", "reason", "basis", "attachments"), takes=("unit", "duplicate_no"),
         guards=(g.NOT_DESIGNATED, g.RETURN_OPEN, *_FREE), clocks=(start(K.RETURN_REVIEW),)),
    *(
        step(action, S.RETURN_REQUESTED, target, who, needs=needs, guards=guards, when=when,
             takes=("unit",) if target is S.ARBITRATE else (),
             clocks=(stop(*ALL_UNIT), start(K.DISPATCH) if target is S.DISPATCH else start(K.ARBITRATE, K.CONTACT)))
        for action, who, needs, guards in (
            (A.APPROVE_RETURN, _REVIEWERS, ("reason",), ()),
            (A.LAPSE_RETURN, _SYSTEM, (), (g.past(K.RETURN_REVIEW),)),
        )
        for target, when in ((S.DISPATCH, g.RETURN_AGAIN), (S.ARBITRATE, g.RETURN_TO_ARBITRATION))
    ),
    step(A.REJECT_RETURN, S.RETURN_REQUESTED, S.HANDLING, _REVIEWERS, _SYSTEM, needs=("reason",),
         clocks=(stop(K.RETURN_REVIEW, K.SIGN),)),
)  # fmt: skip

HANDLING = (
    step(A.SIGN, S.SIGN, S.HANDLING, _SIGNERS, clocks=(stop(K.SIGN),)),
    step(A.AUTO_SIGN, S.SIGN, S.HANDLING, _SYSTEM, guards=(g.past(K.SIGN),), clocks=(stop(K.SIGN),)),
    step(A.CONTACT, HELD - {S.SUSPENDED, S.APPEALED}, None, _WORKERS, _SUB, _CALLERS, needs=_CONTACT_FIELDS,
         takes=("number", "call_id", "text")),
    step(A.FEEDBACK, WORKED_ON | {S.SIGN}, None, _WORKERS, _SUB, needs=("text",), clocks=(stop(K.FEEDBACK),)),
    step(A.PROGRESS, WORKED_ON | {S.SUSPENDED, S.UNIT_SIGN}, None, _WORKERS, _SUB, needs=("text",),
         takes=("attachments",)),
    step(A.SUB_DISPATCH, (S.HANDLING, S.REWORK), S.SUB_DISPATCHED, _WORKERS, needs=("unit", "text"), takes=("until",),
         guards=_FREE, clocks=(start(K.SUB_SIGN, K.SUB_FINISH),)),
    step(A.SUB_DISPATCH, S.SUB_DISPATCHED, None, _SUB, needs=("unit", "text"), takes=("until",),
         clocks=(start(K.SUB_SIGN, K.SUB_FINISH),)),
    step(A.SUB_SIGN, S.SUB_DISPATCHED, None, _SUB, clocks=(stop(K.SUB_SIGN),)),
    *(
        step(action, S.SUB_DISPATCHED, target, who, needs=needs, when=when, clocks=(stop(K.SUB_SIGN, K.SUB_FINISH),),
             takes=("attachments",) if action is A.SUB_REPLY else ())
        for action, who, needs in ((A.SUB_REPLY, _SUB, ("text",)), (A.SUB_RETURN, _SUB, ("reason",)))
        for target, when in ((None, g.SUB_NESTED), (S.HANDLING, g.SUB_OF_HANDLING), (S.REWORK, g.SUB_OF_REWORK))
    ),
    step(A.RECALL_SUB, S.SUB_DISPATCHED, S.HANDLING, _WORKERS, needs=("reason",), when=g.REWORK_LEFT,
         clocks=(stop(K.SUB_SIGN, K.SUB_FINISH),)),
    step(A.RECALL_SUB, S.SUB_DISPATCHED, S.REWORK, _WORKERS, needs=("reason",), when=g.REWORK_USED,
         clocks=(stop(K.SUB_SIGN, K.SUB_FINISH),)),
    step(A.ADD_CO, AT_UNIT - {S.SUSPENDED}, None, _REVIEWERS, needs=("unit", "text"), clocks=(start(K.CO),)),
    step(A.DROP_CO, AT_UNIT, None, _REVIEWERS, needs=("unit", "reason"), clocks=(stop(K.CO),)),
    step(A.CO_REPLY, AT_UNIT, None, _CO, needs=("text",), takes=("attachments",), clocks=(stop(K.CO),)),
    step(A.SUBMIT_REPLY, (S.HANDLING, S.REWORK), S.UNIT_SIGN, _HANDLERS, needs=_REPLY_FIELDS,
         takes=("unsolved_reason", "is_true", "over_duty", "attachments"), guards=(g.CONTACTED, g.CO_DONE, *_FREE)),
    step(A.REVISE_REPLY, S.UNIT_SIGN, S.HANDLING, _HEADS, needs=("reason",), when=g.REWORK_LEFT),
    step(A.REVISE_REPLY, S.UNIT_SIGN, S.REWORK, _HEADS, needs=("reason",), when=g.REWORK_USED),
    step(A.SIGN_OFF, S.UNIT_SIGN, S.REPLY_REVIEW, _HEADS,
         clocks=(HOLD, stop(K.CONTACT, K.FEEDBACK, *PART_CLOCKS, *REVIEW_CLOCKS), start(K.REVIEW))),
    step(A.CLOSE, S.HANDLING, S.CLOSED, _WORKERS, _REVIEWERS, takes=("text",),
         guards=(g.NO_SIGN, g.FED_BACK, g.NOT_SUPERVISED), clocks=CLOSE_CLOCKS),
)  # fmt: skip


def _asked(
    kind: RequestKind, sources: Iterable[TicketStatus], clock: ClockKind, who: Who, needs: tuple[str, ...],
    takes: tuple[str, ...] = (), guards: tuple[Guard, ...] = (),
) -> Step:  # fmt: skip
    """A request that waits beside the state."""
    action = TicketAction.of(f"request_{kind.value}")
    return step(action, sources, None, who, needs=needs, takes=takes, guards=(g.none_pending(kind), *guards),
                clocks=(start(clock),))  # fmt: skip


def _decided(
    kind: RequestKind, yes: bool, sources: Iterable[TicketStatus], clock: ClockKind, *who: Who,
    target: TicketStatus | None = None, clocks: tuple[ClockEffect, ...] = (), guards: tuple[Guard, ...] = (),
    takes: tuple[str, ...] = (),
) -> Step:  # fmt: skip
    action = TicketAction.of(f"{'approve' if yes else 'reject'}_{kind.value}")
    return step(action, sources, target, *who, needs=("reason",), takes=takes, guards=(g.pending(kind), *guards),
                clocks=(stop(clock), *clocks))  # fmt: skip


_TIMED = WORKED_ON - {S.REWORK}
_ASSESSED = frozenset({S.CLOSED, S.WITHDRAWN, S.MERGED}) | HELD
REQUESTS = (
    _asked(Q.EXTENSION, _TIMED, K.EXTENSION_REVIEW, _ASKERS, ("reason",), ("attachments",),
           guards=(g.MAY_EXTEND, g.EXTENSION_IN_TIME, g.EXTENSION_LEFT, *_FREE)),
    _decided(Q.EXTENSION, True, _TIMED | {S.UNIT_SIGN}, K.EXTENSION_REVIEW, _REVIEWERS,
             guards=(g.MAY_EXTEND, g.EXTENSION_FIRST), takes=("limit",)),
    _decided(Q.EXTENSION, True, _TIMED | {S.UNIT_SIGN}, K.EXTENSION_REVIEW, _DIRECTOR, guards=(g.MAY_EXTEND,),
             takes=("limit",)),
    _decided(Q.EXTENSION, False, _TIMED | {S.UNIT_SIGN}, K.EXTENSION_REVIEW, _REVIEWERS, _DIRECTOR),
    _asked(Q.SUSPENSION, (S.HANDLING,), K.SUSPENSION_REVIEW, _HEADS, ("reason", "until"), ("attachments",),
           guards=(g.CONTACTED, g.RUNS_BY_WORKING_TIME, *_FREE)),
    _decided(Q.SUSPENSION, True, (S.HANDLING,), K.SUSPENSION_REVIEW, _DIRECTOR, target=S.SUSPENDED, guards=_FREE,
             clocks=(pause(PauseReason.SUSPENDED), start(K.SUSPENSION, K.PROGRESS))),
    _decided(Q.SUSPENSION, False, (S.HANDLING,), K.SUSPENSION_REVIEW, _DIRECTOR),
    step(A.RESUME, S.SUSPENDED, S.HANDLING, _ASKERS, _CHIEFS, takes=("reason",),
         clocks=(RESUME, stop(K.SUSPENSION, K.PROGRESS))),
    step(A.RESUME, S.SUSPENDED, S.HANDLING, _SYSTEM, guards=(g.past(K.SUSPENSION),),
         clocks=(RESUME, stop(K.SUSPENSION, K.PROGRESS))),
    _asked(Q.PAUSE, (S.HANDLING,), K.PAUSE_REVIEW, _ASKERS, ("reason", "until", "attachments"),
           guards=(g.RUNS_BY_WORKING_TIME, *_FREE)),
    _decided(Q.PAUSE, True, (S.HANDLING,), K.PAUSE_REVIEW, _CHIEFS,
             clocks=(pause(PauseReason.APPRAISAL), start(K.APPRAISAL))),
    _decided(Q.PAUSE, False, (S.HANDLING,), K.PAUSE_REVIEW, _CHIEFS),
    step(A.END_PAUSE, S.HANDLING, None, _ASKERS, _CHIEFS, guards=(g.PAUSED,), takes=("reason",),
         clocks=(RESUME, stop(K.APPRAISAL))),
    step(A.END_PAUSE, S.HANDLING, None, _SYSTEM, guards=(g.PAUSED, g.past(K.APPRAISAL)),
         clocks=(RESUME, stop(K.APPRAISAL))),
    _asked(Q.EXCLUSION, _ASSESSED, K.EXCLUSION_REVIEW, _ASKERS, ("code", "reason", "attachments"),
           guards=(g.IN_SCOPE,)),
    _decided(Q.EXCLUSION, True, _ASSESSED | {S.ARCHIVED}, K.EXCLUSION_REVIEW, _SUPERVISORS),
    _decided(Q.EXCLUSION, False, _ASSESSED | {S.ARCHIVED}, K.EXCLUSION_REVIEW, _SUPERVISORS),
    step(A.REQUEST_WITHDRAWAL, OPEN, None, _INTAKE, _CALLERS, _CITIZEN, needs=("reason",), takes=("call_id",),
         guards=(g.none_pending(Q.WITHDRAWAL),), clocks=(start(K.WITHDRAWAL_REVIEW),)),
    step(A.WITHDRAW, OPEN, S.WITHDRAWN, _REVIEWERS, needs=("reason",),
         guards=(*_JUDGED, g.pending(Q.WITHDRAWAL), g.NOT_SUPERVISED), clocks=(RESUME, *END_CLOCKS)),
    step(A.REFUSE_WITHDRAWAL, OPEN, None, _REVIEWERS, needs=("reason",), guards=(g.pending(Q.WITHDRAWAL),),
         clocks=(stop(K.WITHDRAWAL_REVIEW),)),
)  # fmt: skip

_BACK_TO_UNIT = (stop(K.CALLBACK, K.APPEAL_REVIEW, K.ARCHIVE), reopen(K.CITIZEN), stop(K.FINISH), start(K.FINISH))
AFTERWARDS = (
    step(A.ACCEPT_REPLY, S.REPLY_REVIEW, S.CALLBACK, _REVIEWERS, takes=("reason",),
         clocks=(stop(K.REVIEW, K.FINISH), start(K.CALLBACK))),
    step(A.REJECT_REPLY, S.REPLY_REVIEW, S.HANDLING, _REVIEWERS, needs=("reason",), when=g.REWORK_LEFT,
         clocks=(stop(K.REVIEW), RELEASE)),
    step(A.REJECT_REPLY, S.REPLY_REVIEW, S.REWORK, _REVIEWERS, needs=("reason",), when=g.REWORK_USED,
         clocks=(stop(K.REVIEW), RELEASE)),
    step(A.RECORD_CALLBACK, S.CALLBACK, S.CLOSED, _CALLERS, _CITIZEN, _SYSTEM, when=g.HAPPY,
         needs=("callback_result",), takes=("mode", "solved", "satisfied", "reason", "call_id", "callback_id"),
         guards=(g.CONTACTED,), clocks=CLOSE_CLOCKS),
    step(A.RECORD_CALLBACK, S.CALLBACK, None, _CALLERS, _CITIZEN, _SYSTEM, when=g.HAPPY_HELD,
         needs=("callback_result",), takes=("mode", "solved", "satisfied", "reason", "call_id", "callback_id")),
    step(A.RECORD_CALLBACK, S.CALLBACK, S.REWORK, _CALLERS, _CITIZEN, _SYSTEM, when=g.UNHAPPY_FIRST,
         needs=("callback_result",), takes=("mode", "solved", "satisfied", "reason", "call_id", "callback_id"),
         clocks=_BACK_TO_UNIT),
    step(A.RECORD_CALLBACK, S.CALLBACK, None, _CALLERS, _CITIZEN, _SYSTEM, when=g.UNHAPPY_AGAIN,
         needs=("callback_result",), takes=("mode", "solved", "satisfied", "reason", "call_id", "callback_id"),
         clocks=(start(K.SUPERVISION),)),
    step(A.RECORD_CALLBACK, S.CALLBACK, None, _CALLERS, _SYSTEM, when=g.NOT_RATED,
         needs=("callback_result",), takes=("mode", "reason", "call_id", "callback_id")),
    step(A.CLOSE, S.CALLBACK, S.CLOSED, _CALLERS, _SYSTEM, takes=("reason",),
         guards=(g.CALLBACK_OVER, g.CONTACTED, g.NOT_SUPERVISED), clocks=CLOSE_CLOCKS),
    step(A.APPEAL, S.CLOSED, S.APPEALED, _CITIZEN, _INTAKE, _CALLERS, needs=("reason",), takes=("attachments",),
         guards=(g.APPEAL_OPEN, g.FIRST_APPEAL, g.CAME_TO_A_UNIT),
         clocks=(stop(K.ARCHIVE), reopen(K.CITIZEN), start(K.APPEAL_REVIEW))),
    step(A.UPHOLD_APPEAL, S.APPEALED, S.REWORK, _CHIEFS, _SUPERVISORS, needs=("reason",),
         clocks=(*_BACK_TO_UNIT, start(K.SUPERVISION))),
    step(A.DISMISS_APPEAL, S.APPEALED, S.CLOSED, _CHIEFS, _SUPERVISORS, needs=("reason",), guards=(g.NOT_SUPERVISED,),
         clocks=CLOSE_CLOCKS),
    step(A.ARCHIVE, S.CLOSED, S.ARCHIVED, _SYSTEM, guards=(g.past(K.ARCHIVE),), clocks=(stop(K.ARCHIVE),)),
    step(A.REOPEN, (S.CLOSED, S.ARCHIVED), S.HANDLING, _CHIEFS, needs=("reason",), when=g.CAME_TO_A_UNIT,
         clocks=(*_BACK_TO_UNIT, start(K.CONTACT))),
    step(A.REOPEN, (S.CLOSED, S.ARCHIVED), S.REVIEW, _CHIEFS, needs=("reason",), when=g.NEVER_AT_A_UNIT,
         clocks=(stop(K.ARCHIVE), reopen(K.CITIZEN), start(K.DISPATCH))),
    step(A.REOPEN, (S.WITHDRAWN, S.NOT_ACCEPTED, S.TRANSFERRED), S.REVIEW, _CHIEFS, needs=("reason",),
         clocks=(reopen(K.CITIZEN), start(K.DISPATCH))),
)  # fmt: skip

_MERGEABLE = frozenset({S.DRAFT, S.REVIEW, S.DISPATCH, S.SIGN, S.HANDLING})
BESIDE = (
    step(A.MERGE, _MERGEABLE, S.MERGED, _INTAKE, needs=("target_no", "reason"),
         guards=(*_JUDGED, g.TARGET_SOUND, g.NOT_SUPERVISED, *_FREE), clocks=END_CLOCKS),
    *(
        step(A.UNMERGE, S.MERGED, status, _REVIEWERS, needs=("reason",), guards=(g.UNMERGE_OPEN,),
             when=g.merged_from(status),
             clocks=(reopen(K.CITIZEN, *((*UNIT_CLOCKS, K.CO) if status in AT_UNIT else (K.DISPATCH,))),))
        for status in sorted(_MERGEABLE)
    ),
    step(A.LINK, OPEN, None, _INTAKE, needs=("target_no", "link_kind"), guards=(g.TARGET_SOUND,)),
    step(A.UNLINK, OPEN, None, _INTAKE, needs=("target_no", "reason")),
    step(A.URGE, HELD - {S.SUSPENDED, S.CALLBACK}, None, _CITIZEN, _AGENTS, takes=("text",), guards=(g.URGE_LEFT,)),
    step(A.URGE, HELD - {S.SUSPENDED, S.CALLBACK}, None, _SUPERVISORS, _REVIEWERS, _SYSTEM, takes=("text",)),
    step(A.SUPERVISE, HELD, None, _SUPERVISORS, needs=("level", "reason"), takes=("attachments",),
         guards=(g.HIGHER_LEVEL,), clocks=(stop(K.SUPERVISION), start(K.SUPERVISION))),
    step(A.ESCALATE, HELD, None, _SYSTEM, needs=("level", "reason"), guards=(g.HIGHER_LEVEL,),
         clocks=(stop(K.SUPERVISION), start(K.SUPERVISION))),
    step(A.ANSWER_SUPERVISION, HELD, None, _HEADS, _WORKERS, needs=("text",), takes=("attachments",),
         guards=(g.SUPERVISION_OPEN,), clocks=(stop(K.SUPERVISION),)),
    step(A.LIFT_SUPERVISION, HELD, None, _SUPERVISORS, needs=("reason",), guards=(g.SUPERVISION_ANSWERED,)),
    step(A.NOTE, OPEN, None, hotline(R.LEADER, R.DIRECTOR), needs=("text",)),
    step(A.MARK_CONFIDENTIAL, OPEN, None, _INTAKE, needs=("reason",), guards=(g.NOT_CONFIDENTIAL,)),
    step(A.UNMARK_CONFIDENTIAL, OPEN, None, _CHIEFS, needs=("reason",), guards=(g.CONFIDENTIAL,)),
    step(A.MARK_STABILITY, OPEN, None, _INTAKE, _SUPERVISORS, needs=("reason",), guards=(g.NOT_RISKY,)),
    step(A.UNMARK_STABILITY, OPEN, None, _CHIEFS, needs=("reason",), guards=(g.RISKY,)),
    step(A.WARN, OPEN, None, _SYSTEM),
    step(A.OVERDUE, OPEN, None, _SYSTEM),
    step(A.CIRCULATE, HELD, None, _SYSTEM, _SUPERVISORS, needs=("reason",), guards=(g.NOT_CIRCULATED,)),
)  # fmt: skip

TABLE: tuple[Step, ...] = (
    *INTAKE, *DISPATCHING, *RETURNING, *HANDLING, *REQUESTS, *AFTERWARDS, *BESIDE,
)  # fmt: skip
"""Every step there is."""
