"""The survey by keys: every event in every phase, and the stories of whole surveys, in virtual time."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import msgspec
import pytest
from ruamel.yaml import YAML

from telephony.conversation.survey import SurveySettings, SurveyState, SurveyTalk
from telephony.conversation.surveys import CALLBACK, SURVEYS
from telephony.conversation.talk import Action, HangUp, Hush, Note, Say
from telephony.events import Digit, Greeted, SpeechInvited
from telephony.events import Survey as Answer

START = 1000.0
PHASES = ["greeting", "asking", "waiting", "inviting", "listening", "goodbye", "over"]


def survey(phase: str = "greeting", **more: object) -> SurveyTalk:
    """In a phase, at the first question, with the Say numbered 5 under way."""
    state = SurveyState(phase=phase, saying=5, prompts=("said",), waiting_since=START, last_speech=START)  # type: ignore[arg-type]
    if phase in {"inviting", "listening", "goodbye", "over"}:
        state.question, state.answers = 1, {"solved": "3", "satisfied": "5"}
    for name, value in more.items():
        setattr(state, name, value)
    return SurveyTalk(CALLBACK, SurveySettings(), state)


def told(actions: list[Action]) -> list[str]:
    """Actions in short."""
    words = []
    for action in actions:
        match action:
            case Say():
                words.append("say:" + "+".join(prompt.removeprefix("survey_") for prompt in action.prompts))
            case Note(payload=Answer() as answer):
                words.append(f"{answer.question}={answer.digit}:{answer.answer}")
            case Note(payload=payload):
                words.append(type(payload).__name__.lower())
            case Hush():
                words.append("hush")
            case HangUp():
                words.append("hang_up")
    return words


def happen(one: SurveyTalk, event: str, now: float = START + 1.0) -> list[Action]:
    name, _, value = event.partition(" ")
    events = {
        "played": lambda: one.played(value, now),
        "digit": lambda: one.digit(value, "rfc4733", now),
        "speech_started": lambda: one.speech_started(now),
        "speech_ended": lambda: one.speech_ended(1.0, final=True, now=now),
        "speech_goes_on": lambda: one.speech_ended(1.0, final=False, now=now),
        "tick": lambda: one.tick(now),
        "answered": one.answered,
        "reanchored": one.reanchored,
    }
    return events[name]()


SAME = {phase: ("", phase) for phase in PHASES}
ONLY_NOTED = {phase: ("digit", phase) for phase in PHASES}
MATRIX = {
    # event: what is done in each phase, and the phase afterwards
    "played 5": {
        "greeting": ("greeted say:solved", "asking"),
        "asking": ("", "waiting"),
        "waiting": ("", "waiting"),
        "inviting": ("speechinvited", "listening"),
        "listening": ("", "listening"),
        "goodbye": ("hang_up", "over"),
        "over": ("", "over"),
    },
    "played 4": SAME,
    "played x": SAME,
    **{
        f"digit {digit}": ONLY_NOTED
        | dict.fromkeys(("asking", "waiting"), (f"digit solved={digit}:{answer} say:satisfied", "asking"))
        for digit, answer in {"1": "solved", "2": "partly", "3": "unsolved"}.items()
    },
    **{
        f"digit {digit}": ONLY_NOTED
        | dict.fromkeys(("asking", "waiting"), ("digit say:wrong_key+solved", "asking"))
        | (dict.fromkeys(("inviting", "listening"), ("digit say:thanks", "goodbye")) if digit == "#" else {})
        for digit in "0456789*#"
    },
    "speech_started": SAME | {"inviting": ("hush speechinvited", "listening")},
    "speech_ended": SAME,
    "speech_goes_on": SAME,
    "tick": SAME | {"over": ("hang_up", "over")},
    "answered": {phase: ("say:greeting", phase) for phase in PHASES},
    "reanchored": {phase: ("say:said", phase) for phase in PHASES},
}


@pytest.mark.parametrize(("event", "phase"), list(itertools.product(MATRIX, PHASES)))
def test_each_event_in_each_phase(event: str, phase: str):
    one = survey(phase)
    expected, after = MATRIX[event][phase]
    assert " ".join(told(happen(one, event))) == expected
    assert one.state.phase == after


OF_THE_CITIZEN = [event for event in MATRIX if event not in {"answered", "reanchored"}]


@pytest.mark.parametrize(("event", "phase"), list(itertools.product(OF_THE_CITIZEN, PHASES)))
def test_nothing_is_asked_of_or_heard_from_a_citizen_who_has_put_us_on_hold(event: str, phase: str):
    one = survey(phase, held_since=START)
    expected = "digit" if event.startswith("digit") else "hang_up" if (event, phase) == ("tick", "over") else ""
    assert " ".join(told(happen(one, event))) == expected
    assert one.state.phase == phase


@pytest.mark.parametrize(("digit", "answer"), [
    ("1", "very_satisfied"), ("2", "satisfied"), ("3", "basically_satisfied"), ("4", "dissatisfied"),
    ("5", "very_dissatisfied"),
])  # fmt: skip
def test_the_digits_of_satisfaction_mean_what_is_said_and_the_reason_is_asked_of_the_discontent(
    digit: str, answer: str
):
    one = survey("waiting", question=1, answers={"solved": "1"})
    discontent = digit in "45"
    after = "say:reason+beep" if discontent else "say:thanks"
    assert told(happen(one, f"digit {digit}")) == ["digit", f"satisfied={digit}:{answer}", after]
    assert one.state.phase == ("inviting" if discontent else "goodbye")
    assert one.outcome(answered=True) == "surveyed"


@pytest.mark.parametrize(("solved", "asked"), [("1", False), ("2", False), ("3", True)])
def test_whose_appeal_is_unsolved_is_asked_why_although_he_is_content_with_the_handling(solved: str, asked: bool):
    one = survey("waiting", question=1, answers={"solved": solved})
    happen(one, "digit 1")
    assert one.state.phase == ("inviting" if asked else "goodbye")


def test_the_same_press_heard_twice_does_not_answer_the_next_question():
    one = survey("waiting")
    happen(one, "digit 1", START)
    assert told(happen(one, "digit 1", START + 0.5)) == ["digit"]
    assert one.state.answers == {"solved": "1"}
    assert told(happen(one, "digit 1", START + 0.9))[1] == "satisfied=1:very_satisfied"


def test_a_wrong_key_has_the_question_said_again_once_then_it_ends():
    one = survey("waiting")
    assert told(happen(one, "digit 9")) == ["digit", "say:wrong_key+solved"]
    assert told(happen(one, "digit 9")) == ["digit", "say:bye"]
    assert one.outcome(answered=True) == "not_surveyed"


def test_no_key_has_the_question_said_again_once_then_it_ends():
    one = survey("waiting")
    assert one.tick(START + 7.9) == []
    assert told(one.tick(START + 8.0)) == ["say:no_key+solved"]
    assert one.played(str(one.state.saying), START + 14.0) == []
    assert one.tick(START + 21.9) == []
    assert told(one.tick(START + 22.0)) == ["say:bye"]
    assert one.outcome(answered=True) == "not_surveyed"


def test_each_question_may_be_said_again():
    one = survey("waiting", wrong=True, silent=True)
    happen(one, "digit 1")
    assert (one.state.question, one.state.wrong, one.state.silent) == (1, False, False)


def test_who_has_answered_the_first_question_only_is_thanked_all_the_same():
    one = survey("waiting", question=1, answers={"solved": "2"}, silent=True)
    assert told(one.tick(START + 8.0)) == ["say:thanks"]
    assert one.outcome(answered=True) == "partly_surveyed"


@pytest.mark.parametrize(("voiced_s", "quiet_s"), [(3.0, 2.8), (0.3, 8.0)])
def test_the_reason_is_over_when_the_citizen_has_been_silent_for_so_long(voiced_s: float, quiet_s: float):
    one = survey("inviting")
    one.played("5", START)
    assert one.speech_started(START + 1) == []
    assert one.tick(START + 20) == []
    one.speech_ended(voiced_s, final=True, now=START + 5)
    assert one.tick(START + 5 + quiet_s - 0.1) == []
    assert told(one.tick(START + 5.01 + quiet_s)) == ["say:thanks"]


def test_a_citizen_who_says_nothing_is_not_waited_for_long():
    one = survey("inviting")
    one.played("5", START)
    assert one.tick(START + 7.9) == []
    assert told(one.tick(START + 8.0)) == ["say:thanks"]


def test_half_a_minute_is_enough_for_a_reason():
    one = survey("inviting")
    one.played("5", START)
    one.speech_started(START + 1)
    for second in range(2, 29, 3):
        one.speech_ended(2.5, final=False, now=START + second)
    assert one.tick(START + 29.9) == []
    assert told(one.tick(START + 30.0)) == ["say:thanks"]


def test_words_said_while_a_question_is_asked_are_no_reason():
    one = survey("asking")
    one.speech_started(START)
    one.speech_ended(5.0, final=True, now=START + 2)
    assert one.state.voiced_s == 0


def test_a_prompt_whose_end_nobody_has_reported_is_over_some_time():
    one = survey("asking")
    assert one.tick(START) == []
    assert one.tick(START + 44.9) == []
    assert one.tick(START + 45.0) == []
    assert one.state.phase == "waiting"


def test_time_stands_still_on_hold_and_the_question_is_said_again():
    one = survey("asking")
    one.held(START)
    one.held(START + 1)
    assert told(one.resumed(START + 60)) == ["say:said"]
    assert one.resumed(START + 61) == []
    one.played(str(one.state.saying), START + 65)
    one.held(START + 66)
    assert one.resumed(START + 166) == []  # nothing was being said
    assert one.tick(START + 172.9) == []
    assert told(one.tick(START + 173.0)) == ["say:no_key+solved"]


def test_speech_that_began_on_hold_is_music_and_what_goes_on_into_it_is_cut_there():
    one = survey("listening", held_since=START)
    assert one.speech_ended(5.0, final=True, now=START + 5) == []
    assert one.state.voiced_s == 0
    one = survey("listening", speaking=True, held_since=START + 2)
    one.speech_ended(2.0, final=True, now=START + 5)
    assert (one.state.voiced_s, one.state.last_speech) == (2.0, START + 2)


def test_another_line_says_the_question_again_and_then_waits_for_the_key():
    one = survey("waiting", prompts=())
    assert one.reanchored() == []
    assert told(survey("asking", prompts=("survey_solved",)).reanchored()) == ["say:solved"]


def test_the_state_goes_through_the_journal_in_the_middle_of_the_survey():
    one = survey("greeting")
    one.played("5", START)
    happen(one, "digit 3")
    again = SurveyTalk(
        CALLBACK,
        SurveySettings(),
        msgspec.json.decode(msgspec.json.encode(one.state), type=SurveyState),
    )
    assert again.state == one.state
    assert told(happen(again, "digit 4", START + 5)) == ["digit", "satisfied=4:dissatisfied", "say:reason+beep"]


def test_a_whole_survey_of_a_discontent_citizen():
    one = SurveyTalk(CALLBACK, SurveySettings())
    heard: list[Action] = one.answered()
    now = START
    for key in ("", "3", "5", ""):
        now += 5
        heard += one.digit(key, "info", now) if key else one.played(str(one.state.saying), now)
    one.speech_started(now + 1)
    one.speech_ended(4.0, final=True, now=now + 6)
    heard += one.tick(now + 9)
    heard += one.played(str(one.state.saying), now + 12)
    assert [action.payload for action in heard if isinstance(action, Note)] == [
        Greeted(prompt="survey_greeting", complete=True),
        Digit(digit="3", method="info"),
        Answer("solved", "3", "unsolved"),
        Digit(digit="5", method="info"),
        Answer("satisfied", "5", "very_dissatisfied"),
        SpeechInvited("reason"),
    ]
    assert heard[-1] == HangUp()
    assert one.state.digits == "35"
    assert one.outcome(answered=True) == "surveyed"
    assert one.ticket_no is None


@pytest.mark.parametrize("given", [{}, {"solved": "1"}, {"solved": "1", "satisfied": "2"}])
def test_a_survey_that_was_never_begun_has_failed(given: dict[str, str]):
    assert survey(answers=given).outcome(answered=False) == "failed"


def test_surveys_are_sound():
    for name, one in SURVEYS.items():
        assert one.id == name
        questions = {question.id: question for question in one.questions}
        assert len(questions) == len(one.questions) > 0
        assert "reason" not in questions
        for question in one.questions:
            assert question.answers.keys() <= set("0123456789")
            assert len(set(question.answers.values())) == len(question.answers)
        for asked, meanings in one.reason_after.items():
            assert meanings <= set(questions[asked].answers.values())


CITIES = sorted((Path(__file__).parents[2] / "cities").iterdir())
INTAKE = {"greeting", "intake", "reprompt", "reprompt2", "number_intro", "thanks_bye", "silent_bye", "late_bye", "beep"}


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name)
def test_a_city_is_asked_for_exactly_the_prompts_that_are_played(city: Path):
    """Doctor asks a city for all that are in prompts.yaml."""
    words = YAML(typ="safe").load((city / "prompts.yaml").read_text("utf-8"))
    played = {prompt for one in SURVEYS.values() for prompt in one.prompts}
    assert set(words) == INTAKE | played | {f"digit_{digit}" for digit in range(10)}
    assert {path.stem for path in (city / "prompts").glob("*.wav")} == set(words)
    for prompt in played:
        with wave.open(str(city / "prompts" / f"{prompt}.wav")) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
            assert sound.getnframes() > (0.2 if prompt == "beep" else 1.5) * 8000


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name)
def test_the_words_of_a_question_name_its_keys_in_their_order(city: Path):
    words = YAML(typ="safe").load((city / "prompts.yaml").read_text("utf-8"))
    spoken = dict(zip("12345", "\u4e00\u4e8c\u4e09\u56db\u4e94", strict=True))
    for one in SURVEYS.values():
        assert "\u5f55\u97f3" in words[one.greeting]
        for question in one.questions:
            places = [words[question.prompt].index(f"\u8bf7\u6309{spoken[digit]}") for digit in question.answers]
            assert places == sorted(places)
