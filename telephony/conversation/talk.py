"""What all conversations of the system with a citizen have in common.

A conversation is a pure state machine: what happened goes in with the time (seconds, wall clock), what is to be done
comes out. Its state is plain data, so that it survives the line and the front door.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Literal, TypeVar

import msgspec

from telephony.events import Outcome, Payload

LONGEST_PROMPT_S = 45.0
"""After so long a prompt counts as played: the report of its end was lost with a front door."""
KEPT_DIGITS = 64


class Say(msgspec.Struct, frozen=True):
    """Play these prompts one after the other; report ``played`` with this id."""

    id: str
    prompts: tuple[str, ...]


class Hush(msgspec.Struct, frozen=True):
    """Stop playing."""


class Note(msgspec.Struct, frozen=True):
    """Write this to the call's events."""

    payload: Payload


class HangUp(msgspec.Struct, frozen=True):
    """End the call."""


Action = Say | Hush | Note | HangUp


class TalkState(msgspec.Struct):
    """Where any conversation is."""

    saying: int = 0
    timed: int = 0
    timed_since: float = 0.0
    """Which saying the clock has seen, and when first."""
    prompts: tuple[str, ...] = ()
    digits: str = ""
    held_since: float | None = None
    """The citizen has put us on hold: neither hears us nor speaks."""


S = TypeVar("S", bound=TalkState)


class Talk(ABC, Generic[S]):
    """One conversation: its prompts, their time, and being put on hold."""

    def __init__(self, state: S) -> None:
        self.state = state

    # ---- what happened

    @abstractmethod
    def answered(self) -> list[Action]:
        """The citizen's leg has sound."""

    @abstractmethod
    def played(self, play_id: str, now: float) -> list[Action]:
        """A Say was played to its end."""

    @abstractmethod
    def digit(self, digit: str, method: Literal["rfc4733", "info"], now: float) -> list[Action]:
        """A key."""

    @abstractmethod
    def speech_started(self, now: float) -> list[Action]:
        """The citizen began to speak."""

    @abstractmethod
    def speech_ended(self, voiced_s: float, *, final: bool, now: float) -> list[Action]:
        """An utterance; ``final`` False: a piece of one that goes on."""

    @abstractmethod
    def tick(self, now: float) -> list[Action]:
        """Time has passed."""

    @abstractmethod
    def outcome(self, *, answered: bool) -> Outcome:
        """What the call was, once it is over."""

    def reanchored(self) -> list[Action]:
        """Another line: what was being said is said again from its beginning."""
        return [self._say(*self.state.prompts)] if self.state.prompts else []

    def held(self, now: float) -> None:
        """The citizen has put us on hold: time stands still, and what is being said is not heard."""
        if self.state.held_since is None:
            self.state.held_since = now

    def resumed(self, now: float) -> list[Action]:
        """The citizen is back: what was being said is said again, and all times go on where they stood."""
        state = self.state
        if state.held_since is None:
            return []
        away_s, state.held_since = now - state.held_since, None
        state.timed_since += away_s
        self._shift(away_s)
        return self.reanchored()

    @property
    def ticket_no(self) -> str | None:
        """The number that was reserved in it."""
        return None

    # ----

    @abstractmethod
    def _shift(self, away_s: float) -> None:
        """Move the times of the state on by so much."""

    def _say(self, *prompts: str) -> Say:
        self.state.saying += 1
        self.state.prompts = prompts
        return Say(str(self.state.saying), prompts)

    def _press(self, digit: str) -> None:
        self.state.digits = (self.state.digits + digit)[-KEPT_DIGITS:]

    def _watch_prompt(self, now: float) -> list[Action]:
        """A prompt whose end nobody has reported is over after :data:`LONGEST_PROMPT_S`."""
        state = self.state
        if state.timed != state.saying:
            state.timed, state.timed_since = state.saying, now
        if state.saying and now - state.timed_since >= LONGEST_PROMPT_S:
            return self.played(str(state.saying), now)
        return []
