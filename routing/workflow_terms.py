"""What the table of the workflow is made of: who acts, what is known, what a step asks for and does to clocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from models.codes import ClockKind, Role, TicketStatus
from models.workflow_codes import PauseReason, RequestKind, TicketAction


class Side(Enum):
    """As what somebody acts on a ticket."""

    HOTLINE = "热线中心"
    HOST = "承办单位"
    SUB = "下派承办单位"
    CO = "协办单位"
    CITIZEN = "诉求人"
    SYSTEM = "系统"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who would act: roles, and the sides on which this ticket lets him stand."""

    sides: frozenset[Side]
    roles: frozenset[Role] = frozenset()


CITIZEN = Actor(frozenset({Side.CITIZEN}))
SYSTEM = Actor(frozenset({Side.SYSTEM}))


@dataclass(frozen=True, slots=True)
class Who:
    """One answer to who may: a side, and for people there their roles."""

    side: Side
    roles: frozenset[Role] = frozenset()

    def admits(self, actor: Actor) -> bool:
        """Whether this actor is meant."""
        return self.side in actor.sides and (not self.roles or bool(self.roles & actor.roles))


CallbackSaid = Literal["happy", "unhappy", "not_reached", "refused"]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that guards look at: the ticket at one instant, and what the request says of it. No time, no database."""

    status: TicketStatus
    urgent: bool = False
    """E1 or E2: natural time, no extension, no arbitration before somebody acts."""
    has_category: bool = True
    has_words: bool = True
    rating_explained: bool = False
    """A bad rating that was verified and explained to its rater: nobody has to put it right."""
    rating_awaits: bool = False
    """A bad rating whose rater is still to be called back, and that has no verdict yet."""
    needs_sign: bool = True
    """The profile has a sign limit; praise and what is passed on (P, T) go to the unit without."""
    dispatch_count: int = 0
    max_dispatch: int = 3
    designated: bool = False
    return_open: bool = True
    pending: frozenset[RequestKind] = frozenset()
    extension_count: int = 0
    extension_max: int = 1
    extension_in_time: bool = True
    """Before it is due, and on that day before the cut-off."""
    second_by_director: bool = True
    contacted: bool = False
    unreachable: bool = False
    """Tried in vain as often as is asked for since he was last reached, or nobody to be reached."""
    fed_back: bool = True
    """The first feedback was given, or none is asked for."""
    co_open: bool = False
    """A helper still has time to answer."""
    sub_depth: int = 1
    """How many sub-dispatches are open, one below the other."""
    paused: bool = False
    """For an appraisal."""
    supervised: bool = False
    supervision_answered: bool = False
    supervise_level: int = 0
    wanted_level: int = 0
    circulated: bool = False
    rework_count: int = 0
    appeal_count: int = 0
    appeal_open: bool = True
    tries_done: bool = False
    callback_exempt: bool = False
    callback_settled: bool = False
    """Rated, and nothing is left to do about it: a good rating, or a second bad one after supervision."""
    callback: CallbackSaid | None = None
    merged_from: TicketStatus | None = None
    """The state in which it was merged."""
    unmerge_open: bool = True
    target_sound: bool = True
    """The other ticket of a merge or link is another one, open, and itself not merged."""
    urged_today: int = 0
    urge_per_day: int = 1
    in_scope: bool = True
    confidential: bool = False
    stability_risk: bool = False
    past_due: frozenset[ClockKind] = frozenset()
    """Clocks that are up (with their grace)."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition beyond state and role. ``id`` is stable, ``message`` tells people why not."""

    id: str
    message: str
    holds: Callable[[Facts], bool]


Verb = Literal["start", "stop", "pause", "resume", "reopen", "hold", "release", "relimit"]
"""``hold``/``release``: the unit's finish clock stands while the hotline reviews its reply. ``relimit``: another
profile's limit, from the same start."""


@dataclass(frozen=True, slots=True)
class ClockEffect:
    """One thing a step does to clocks."""

    verb: Verb
    kinds: tuple[ClockKind, ...] = ()
    reason: PauseReason | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One row: from these states, by these people, to that state (None: it stays)."""

    action: TicketAction
    sources: frozenset[TicketStatus]
    target: TicketStatus | None
    who: tuple[Who, ...]
    needs: tuple[str, ...] = ()
    """Fields of the request that must be given."""
    takes: tuple[str, ...] = ()
    """Fields that may be given besides."""
    guards: tuple[Guard, ...] = ()
    clocks: tuple[ClockEffect, ...] = ()
    when: Guard | None = field(default=None)
    """Of several rows for one action and state, the one this holds for."""
