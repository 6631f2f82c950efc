"""A survey by keys: greeting, questions, the reason in the citizen's own words when he is not content, thanks."""

from __future__ import annotations

from typing import Literal

import msgspec

from telephony.conversation.surveys import Question, Survey
from telephony.conversation.talk import Action, HangUp, Hush, Note, Talk, TalkState
from telephony.events import Digit, Greeted, Outcome, SpeechInvited
from telephony.events import Survey as Answer

REASON = "reason"
"""What the citizen's speech answers, in events."""

Phase = Literal["greeting", "asking", "waiting", "inviting", "listening", "goodbye", "over"]


class SurveySettings(msgspec.Struct, frozen=True):
    """Seconds."""

    no_key_s: float = 8.0
    """After the question's end."""
    same_press_s: float = 0.8
    """A key so soon after the last answer is the same press again."""
    no_speech_s: float = 8.0
    end_silence_s: float = 2.8
    longest_reason_s: float = 30.0
    enough_voice_s: float = 0.6
    """Of frames with a pitch: less is breath (as in the voice intake)."""


class SurveyState(TalkState):
    """Where the survey is."""

    phase: Phase = "greeting"
    question: int = 0
    answers: dict[str, str] = msgspec.field(default_factory=dict)
    """Question → key."""
    answered_at: float = 0.0
    wrong: bool = False
    silent: bool = False
    """The present question was said again after a wrong key, or after none."""
    waiting_since: float = 0.0
    """Of phases waiting and listening."""
    speaking: bool = False
    last_speech: float = 0.0
    voiced_s: float = 0.0
    """Since the reason was asked for."""


class SurveyTalk(Talk[SurveyState]):
    """One survey of one citizen."""

    def __init__(self, survey: Survey, settings: SurveySettings, state: SurveyState | None = None) -> None:
        super().__init__(state or SurveyState())
        self._survey = survey
        self._settings = settings

    # ---- what happened

    def answered(self) -> list[Action]:
        """The citizen has picked up."""
        return [self._say(self._survey.greeting)]

    def played(self, play_id: str, now: float) -> list[Action]:
        """A Say was played to its end."""
        state = self.state
        if play_id != str(state.saying) or state.held_since is not None:
            return []
        match state.phase:
            case "greeting":
                return [Note(Greeted(prompt=self._survey.greeting, complete=True)), self._ask()]
            case "asking":
                return self._wait("waiting", now)
            case "inviting":
                return self._listen(now)
            case "goodbye":
                state.phase = "over"
                return [HangUp()]
            case _:
                return []

    def digit(self, digit: str, method: Literal["rfc4733", "info"], now: float) -> list[Action]:
        """A key: answers the present question, also while it is being said; # ends the reason.

        Nothing cuts the greeting short: it says that the call is recorded.
        """
        state = self.state
        self._press(digit)
        noted: list[Action] = [Note(Digit(digit=digit, method=method))]
        if state.held_since is not None:
            return noted
        if state.phase in {"inviting", "listening"} and digit == "#":
            return [*noted, self._thank()]
        if state.phase not in {"asking", "waiting"} or now - state.answered_at < self._settings.same_press_s:
            return noted
        meaning = self._question.answers.get(digit)
        if meaning is not None:
            return [*noted, Note(Answer(self._question.id, digit, meaning)), *self._next(digit, now)]
        again, state.wrong = not state.wrong, True
        return [*noted, self._ask(self._survey.wrong_key) if again else self._thank()]

    def speech_started(self, now: float) -> list[Action]:
        """Into the invitation to say the reason: it stops, and the reason has begun."""
        state = self.state
        if state.held_since is not None:  # music on hold
            return []
        state.speaking = True
        if state.phase == "inviting":
            return [Hush(), *self._listen(now)]
        return []

    def speech_ended(self, voiced_s: float, *, final: bool, now: float) -> list[Action]:
        """An utterance; ``final`` False: a piece of one that goes on."""
        state = self.state
        if state.held_since is not None and not state.speaking:  # it began while we were on hold
            return []
        state.speaking = not final
        if state.phase == "listening":
            state.voiced_s += voiced_s
            state.last_speech = now if state.held_since is None else state.held_since
        return []

    def tick(self, now: float) -> list[Action]:
        """Time has passed."""
        state = self.state
        if state.phase == "over":  # asked for before, but the call still is
            return [HangUp()]
        if state.held_since is not None:
            return []
        if state.phase == "waiting":
            return self._watch_key(now)
        if state.phase == "listening":
            return self._watch_reason(now)
        return self._watch_prompt(now)

    def outcome(self, *, answered: bool) -> Outcome:
        """How far it came: who has answered all is surveyed, though he should not stay for the reason."""
        if not answered:
            return "failed"
        given = len(self.state.answers)
        if given == len(self._survey.questions):
            return "surveyed"
        return "partly_surveyed" if given else "not_surveyed"

    # ----

    @property
    def _question(self) -> Question:
        return self._survey.questions[self.state.question]

    def _ask(self, *before: str) -> Action:
        self.state.phase = "asking"
        return self._say(*before, self._question.prompt)

    def _wait(self, phase: Phase, now: float) -> list[Action]:
        """The prompt is over: its end is no longer waited for, and another line would not say it again."""
        state = self.state
        state.phase, state.waiting_since, state.prompts = phase, now, ()
        state.saying += 1
        return []

    def _next(self, digit: str, now: float) -> list[Action]:
        """The next question; after the last the reason, or thanks."""
        state = self.state
        state.answers[self._question.id] = digit
        state.answered_at = now
        if state.question + 1 < len(self._survey.questions):
            state.question += 1
            state.wrong = state.silent = False
            return [self._ask()]
        if not self._is_discontent():
            return [self._thank()]
        state.phase = "inviting"
        return [self._say(self._survey.reason, "beep")]

    def _is_discontent(self) -> bool:
        given = self.state.answers
        return any(
            question.answers[given[question.id]] in self._survey.reason_after.get(question.id, frozenset())
            for question in self._survey.questions
        )

    def _listen(self, now: float) -> list[Action]:
        self._wait("listening", now)
        self.state.last_speech = now
        return [Note(SpeechInvited(REASON))]

    def _thank(self) -> Action:
        self.state.phase = "goodbye"
        return self._say(self._survey.thanks if self.state.answers else self._survey.goodbye)

    def _watch_key(self, now: float) -> list[Action]:
        state = self.state
        if now - state.waiting_since < self._settings.no_key_s:
            return []
        again, state.silent = not state.silent, True
        return [self._ask(self._survey.no_key) if again else self._thank()]

    def _watch_reason(self, now: float) -> list[Action]:
        state, settings = self.state, self._settings
        if now - state.waiting_since >= settings.longest_reason_s:
            return [self._thank()]
        has_spoken = state.voiced_s >= settings.enough_voice_s
        enough_s = settings.end_silence_s if has_spoken else settings.no_speech_s
        return [self._thank()] if not state.speaking and now - state.last_speech >= enough_s else []

    def _shift(self, away_s: float) -> None:
        self.state.waiting_since += away_s
        self.state.last_speech += away_s
