"""The voice intake: while no agent is on duty the system itself takes the appeal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from telephony.conversation.talk import Action, HangUp, Hush, Note, Say, Talk, TalkState
from telephony.events import Digit, Greeted, Outcome, Voicemail

_REPROMPTS = ("reprompt", "reprompt2")

Phase = Literal["greeting", "prompting", "listening", "confirming", "goodbye", "over"]


class IntakeSettings(msgspec.Struct, frozen=True):
    """Seconds. ``end_silence_s`` is counted from the report of an utterance's end, some 0.9 s after it."""

    end_silence_s: float = 2.8
    no_speech_s: float = 8.0
    longest_s: float = 180.0
    enough_voice_s: float = 0.6
    """Of frames with a pitch: some 0.8 s of speech. Breathing never has so much (tests/audio/breath.wav: 0.1 s)."""


class State(TalkState):
    """Where the conversation is."""

    phase: Phase = "greeting"
    listening_since: float | None = None
    speaking: bool = False
    last_speech: float | None = None
    voiced_s: float = 0.0
    """Of the whole call: it decides what the call was."""
    running_s: float = 0.0
    """Of the utterance that goes on: its pieces so far."""
    early_s: float = 0.0
    """Of ``voiced_s``, what had been said before the listening began: a greeting, no appeal."""
    reprompts: int = 0
    finished: bool = False
    """The caller has said all: silence after speech, #, or the time was up."""
    ticket_no: str | None = None


class VoiceIntake(Talk[State]):
    """One conversation. ``reserve`` gives a ticket number, durable before it returns; None when there is none."""

    def __init__(self, reserve: Callable[[], str | None], settings: IntakeSettings, state: State | None = None) -> None:
        super().__init__(state or State())
        self._reserve = reserve
        self._settings = settings

    # ---- what happened

    def answered(self) -> list[Action]:
        """The citizen's leg has sound."""
        return [self._say("greeting")]

    def played(self, play_id: str, now: float) -> list[Action]:
        """A Say was played to its end."""
        state = self.state
        if play_id != str(state.saying) or state.held_since is not None:
            return []
        match state.phase:
            case "greeting":
                return [Note(Greeted(prompt="greeting", complete=True)), self._prompt("intake", "beep")]
            case "prompting":
                return self._listen(now)
            case "confirming":
                assert state.ticket_no is not None
                state.phase = "goodbye"
                return [Note(Voicemail(ticket_no=state.ticket_no)), self._say("thanks_bye")]
            case "goodbye":
                state.phase = "over"
                return [HangUp()]
            case _:
                return []

    def digit(self, digit: str, method: Literal["rfc4733", "info"], now: float) -> list[Action]:
        """A key. Any key in the greeting goes on to the intake (no agent is on duty); # ends the appeal."""
        state = self.state
        self._press(digit)
        noted: list[Action] = [Note(Digit(digit=digit, method=method))]
        if state.phase == "greeting":
            return [*noted, Note(Greeted(prompt="greeting", complete=False)), self._prompt("intake", "beep")]
        if digit == "#" and state.phase in {"prompting", "listening"} and self._has_appealed():
            return [*noted, Hush(), *self._finish(now)]
        return noted

    def speech_started(self, now: float) -> list[Action]:
        """The citizen began to speak. Into the prompt: it stops; the greeting with its notice is always heard."""
        state = self.state
        if state.held_since is not None:  # music on hold
            return []
        state.speaking = True
        if state.phase == "prompting":
            return [Hush(), *self._listen(now)]
        return []

    def speech_ended(self, voiced_s: float, *, final: bool, now: float) -> list[Action]:
        """An utterance; ``final`` False: a piece of one that goes on."""
        state = self.state
        if state.held_since is not None and not state.speaking:  # it began while we were on hold
            return []
        state.speaking = not final
        state.voiced_s += voiced_s
        state.running_s = 0.0 if final else state.running_s + voiced_s
        state.last_speech = now if state.held_since is None else state.held_since
        return []

    def tick(self, now: float) -> list[Action]:
        """Time has passed."""
        state = self.state
        if state.phase == "over":  # asked for before, but the call still is
            return [HangUp()]
        if state.held_since is not None:
            return []
        if state.phase != "listening" or state.listening_since is None:
            return self._watch_prompt(now)
        return self._watch_silence(now, state.listening_since)

    def outcome(self, *, answered: bool) -> Outcome:
        """What the call was, once it is over; reserves a number for a caller who hung up after having spoken."""
        state = self.state
        if not answered:
            return "failed"
        if self._has_spoken():
            state.ticket_no = state.ticket_no or self._reserve()
            return "appeal" if state.finished else "partial"
        if state.digits:
            return "digits_only"
        return "abandoned_greeting" if state.phase == "greeting" else "silent"

    # ----

    @property
    def ticket_no(self) -> str | None:
        """Of the appeal."""
        return self.state.ticket_no

    def _shift(self, away_s: float) -> None:
        state = self.state
        if state.listening_since is not None:
            state.listening_since += away_s
        if state.last_speech is not None:
            state.last_speech += away_s

    def _watch_silence(self, now: float, since: float) -> list[Action]:
        state, settings = self.state, self._settings
        if now - since >= settings.longest_s:
            return self._finish(now) if self._has_appealed() or state.speaking else self._silent()
        quiet_s = now - max(state.last_speech or 0.0, since)
        enough_s = settings.end_silence_s if self._has_appealed() else settings.no_speech_s
        if state.speaking or quiet_s < enough_s:
            return []
        if self._has_appealed():
            return self._finish(now)
        if state.reprompts < len(_REPROMPTS):
            state.reprompts += 1
            return [self._prompt(_REPROMPTS[state.reprompts - 1], "beep")]
        return self._silent()

    def _has_spoken(self) -> bool:
        """In the whole call."""
        return self.state.voiced_s >= self._settings.enough_voice_s

    def _has_appealed(self) -> bool:
        """Since the listening first began: who says hello to the greeting has still to think what to say."""
        state = self.state
        said_s = state.voiced_s - state.early_s
        return state.listening_since is not None and said_s >= self._settings.enough_voice_s

    def _prompt(self, *prompts: str) -> Say:
        self.state.phase = "prompting"
        return self._say(*prompts)

    def _listen(self, now: float) -> list[Action]:
        state = self.state
        if state.listening_since is None:  # what is being said just now is part of the appeal
            state.early_s = state.voiced_s - state.running_s
        state.phase = "listening"
        state.listening_since = now
        state.saying += 1
        state.prompts = ()
        return []

    def _finish(self, now: float) -> list[Action]:
        state = self.state
        state.finished = True
        state.phase = "confirming"
        state.last_speech = now
        state.ticket_no = state.ticket_no or self._reserve()
        if state.ticket_no is None:
            state.phase = "goodbye"
            return [self._say("late_bye")]
        number = tuple(f"digit_{digit}" for digit in state.ticket_no if digit.isdigit())
        return [self._say("number_intro", *number, "number_intro", *number)]

    def _silent(self) -> list[Action]:
        self.state.phase = "goodbye"
        return [self._say("silent_bye")]
