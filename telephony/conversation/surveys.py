"""The surveys the hotline asks by telephone, as data: which questions, and what each key means.

The words are the city's (prompts.yaml, keys below). Meanings are what events and the record keep beside the digit.
"""

from __future__ import annotations

import msgspec


class Question(msgspec.Struct, frozen=True):
    """Answered by one key."""

    id: str
    prompt: str
    answers: dict[str, str]
    """Key → its meaning."""


class Survey(msgspec.Struct, frozen=True):
    """Greeting, questions, perhaps the reason in the citizen's own words, thanks."""

    id: str
    greeting: str
    """Who calls, why, and that it is recorded."""
    questions: tuple[Question, ...]
    reason_after: dict[str, frozenset[str]]
    """Question → the meanings after which the reason is asked for."""
    reason: str = "survey_reason"
    wrong_key: str = "survey_wrong_key"
    no_key: str = "survey_no_key"
    thanks: str = "survey_thanks"
    goodbye: str = "survey_bye"
    """To a citizen who has answered nothing."""

    @property
    def prompts(self) -> frozenset[str]:
        """All it plays."""
        own = (self.greeting, self.reason, self.wrong_key, self.no_key, self.thanks, self.goodbye, "beep")
        return frozenset(own).union(question.prompt for question in self.questions)


_SOLVED = Question("solved", "survey_solved", {"1": "solved", "2": "partly", "3": "unsolved"})
_SATISFIED = Question(
    "satisfied",
    "survey_satisfied",
    {
        "1": "very_satisfied",
        "2": "satisfied",
        "3": "basically_satisfied",
        "4": "dissatisfied",
        "5": "very_dissatisfied",
    },
)
"""Keys as in domain.md §6.6: 1 is the best there, in the code list of §2.1 it is the worst."""

CALLBACK = Survey(
    "callback",
    "survey_greeting",
    (_SOLVED, _SATISFIED),
    {"solved": frozenset({"unsolved"}), "satisfied": frozenset({"dissatisfied", "very_dissatisfied"})},
)
"""Of the unit's handling of an appeal (domain.md §3, state 70)."""

SURVEYS = {survey.id: survey for survey in (CALLBACK,)}
