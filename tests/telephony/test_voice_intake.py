"""The voice intake: every event in every phase, and the stories of whole calls, in virtual time."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from telephony.conversation.talk import Action, HangUp, Hush, Note, Say
from telephony.conversation.voice_intake import IntakeSettings, State, VoiceIntake
from telephony.events import Digit, Greeted, Voicemail

NUMBER = "YC20261125100001"
START = 1000.0
PHASES = ["greeting", "prompting", "listening", "confirming", "goodbye", "over"]
SPOKEN = {"voiced_s": 3.0, "last_speech": START}


def intake(phase: str = "greeting", **more: object) -> VoiceIntake:
    """In a phase, with the Say numbered 5 under way."""
    numbers = itertools.count(100001)
    state = State(phase=phase, saying=5, prompts=("greeting",), listening_since=START)  # type: ignore[arg-type]
    if phase in {"confirming", "goodbye"}:
        state.ticket_no = NUMBER
    for name, value in more.items():
        setattr(state, name, value)
    return VoiceIntake(lambda: f"YC20261125{next(numbers)}", IntakeSettings(), state)


def told(actions: list[Action]) -> list[str]:
    """Actions in short: say:prompt+prompt, hush, hang_up, note:kind."""
    words = []
    for action in actions:
        match action:
            case Say():
                words.append("say:" + "+".join(dict.fromkeys(p for p in action.prompts if not p.startswith("digit_"))))
            case Note(payload=payload):
                words.append(f"note:{type(payload).__name__.lower()}")
            case Hush():
                words.append("hush")
            case HangUp():
                words.append("hang_up")
    return words


def happen(one: VoiceIntake, event: str, now: float = START + 1.0) -> list[Action]:
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


MATRIX = {
    # event: what is done in greeting, prompting, listening, confirming, goodbye, over; and the phase afterwards
    "played 5": {
        "greeting": ("note:greeted say:intake+beep", "prompting"),
        "prompting": ("", "listening"),
        "listening": ("", "listening"),
        "confirming": ("note:voicemail say:thanks_bye", "goodbye"),
        "goodbye": ("hang_up", "over"),
        "over": ("", "over"),
    },
    "played 4": {phase: ("", phase) for phase in PHASES},
    "played x": {phase: ("", phase) for phase in PHASES},
    **{
        f"digit {digit}": {phase: ("note:digit", phase) for phase in PHASES}
        | {"greeting": ("note:digit note:greeted say:intake+beep", "prompting")}
        for digit in "0123456789*#"
    },
    "speech_started": {phase: ("", phase) for phase in PHASES} | {"prompting": ("hush", "listening")},
    "speech_ended": {phase: ("", phase) for phase in PHASES},
    "speech_goes_on": {phase: ("", phase) for phase in PHASES},
    "tick": {phase: ("", phase) for phase in PHASES} | {"over": ("hang_up", "over")},
    "answered": {phase: ("say:greeting", phase) for phase in PHASES},
    "reanchored": {phase: ("say:greeting", phase) for phase in PHASES},
}


@pytest.mark.parametrize(("event", "phase"), list(itertools.product(MATRIX, PHASES)))
def test_each_event_in_each_phase_of_a_caller_who_has_not_spoken(event: str, phase: str):
    one = intake(phase)
    expected, after = MATRIX[event][phase]
    assert " ".join(told(happen(one, event))) == expected
    assert one.state.phase == after


@pytest.mark.parametrize(("event", "phase"), list(itertools.product(MATRIX, PHASES)))
def test_each_event_in_each_phase_of_a_caller_who_has_spoken(event: str, phase: str):
    one = intake(phase, **SPOKEN)
    expected, after = MATRIX[event][phase]
    if event == "digit #" and phase in {"prompting", "listening"}:
        expected, after = "note:digit hush say:number_intro", "confirming"
    assert " ".join(told(happen(one, event))) == expected
    assert one.state.phase == after


@pytest.mark.parametrize(("phase", "spoken", "digits", "expected"), [
    ("greeting", False, "", "abandoned_greeting"),
    ("greeting", False, "1", "digits_only"),
    ("greeting", True, "", "partial"),
    ("prompting", False, "", "silent"),
    ("prompting", True, "12", "partial"),
    ("listening", False, "", "silent"),
    ("listening", False, "*#", "digits_only"),
    ("listening", True, "", "partial"),
    ("goodbye", False, "", "silent"),
    ("over", False, "", "silent"),
])  # fmt: skip
def test_the_outcome_of_a_call_that_ended_in_a_phase(phase: str, spoken: bool, digits: str, expected: str):
    one = intake(phase, digits=digits, ticket_no=None, **(SPOKEN if spoken else {}))
    assert one.outcome(answered=True) == expected
    assert (one.state.ticket_no is not None) == spoken
    assert one.outcome(answered=False) == "failed"


@pytest.mark.parametrize("phase", ["confirming", "goodbye", "over"])
def test_an_appeal_that_was_taken_stays_one_with_its_number(phase: str):
    one = intake(phase, finished=True, ticket_no=NUMBER, **SPOKEN)
    assert one.outcome(answered=True) == "appeal"
    assert one.state.ticket_no == NUMBER


def test_a_full_conversation_from_greeting_to_goodbye():
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    (say,) = one.answered()
    noted, prompt = one.played(say.id, 9.0)
    assert noted == Note(Greeted(prompt="greeting", complete=True))
    assert one.played(prompt.id, 22.0) == []
    assert one.speech_started(23.0) == []
    assert one.speech_ended(4.0, final=True, now=28.0) == []
    assert one.tick(30.7) == []
    (number,) = one.tick(30.9)
    assert number.prompts[0] == "number_intro"
    assert [p[-1] for p in number.prompts if p.startswith("digit_")] == list("20261125100001" * 2)
    noted, bye = one.played(number.id, 40.0)
    assert noted == Note(Voicemail(ticket_no=NUMBER))
    assert bye.prompts == ("thanks_bye",)
    assert one.played(bye.id, 44.0) == [HangUp()]
    assert one.outcome(answered=True) == "appeal"


def listening(**more: object) -> VoiceIntake:
    return intake("listening", **more)


def test_a_silent_caller_is_asked_twice_more_and_then_told_goodbye():
    one = listening()
    assert one.tick(START + 7.9) == []
    (again,) = one.tick(START + 8.0)
    assert again.prompts == ("reprompt", "beep")
    assert one.played(again.id, START + 17) == []
    assert one.tick(START + 24.9) == []
    (last,) = one.tick(START + 25.0)
    assert last.prompts == ("reprompt2", "beep")
    assert one.played(last.id, START + 32) == []
    assert one.tick(START + 39.9) == []
    (bye,) = one.tick(START + 40.0)
    assert bye.prompts == ("silent_bye",)
    assert one.played(bye.id, START + 47) == [HangUp()]
    assert one.outcome(answered=True) == "silent"
    assert one.state.ticket_no is None


def test_who_speaks_after_the_last_reprompt_has_an_appeal_and_one_restored_is_not_asked_a_third_time():
    one = listening(reprompts=2)
    one.speech_ended(3.0, final=True, now=START + 5)
    assert told(one.tick(START + 8)) == ["say:number_intro"]
    state = msgspec.json.decode(msgspec.json.encode(listening(reprompts=2).state), type=State)
    restored = VoiceIntake(lambda: NUMBER, IntakeSettings(), state)
    assert told(restored.tick(START + 8.1)) == ["say:silent_bye"]


def test_breath_that_was_cut_as_too_little_voice_is_no_appeal():
    one = listening()
    for second in (1, 3, 5):
        one.speech_started(START + second)
        one.speech_ended(0.06, final=True, now=START + second + 0.5)
    assert one.tick(START + 8.5) == []  # somebody is there: the silence is counted from the last sound
    (again,) = one.tick(START + 14)
    assert again.prompts == ("reprompt", "beep")
    assert one.outcome(answered=True) == "silent"


def test_nobody_is_cut_off_while_speaking_until_three_minutes_are_over():
    one = listening(**SPOKEN)
    one.speech_started(START + 1)
    for minute in range(1, 18):
        one.speech_ended(9.0, final=False, now=START + minute * 10)
        assert one.tick(START + minute * 10 + 9.9) == []
    (number,) = one.tick(START + 180)
    assert "number_intro" in number.prompts
    assert one.outcome(answered=True) == "appeal"


def test_noise_that_never_was_speech_is_ended_after_three_minutes():
    one = listening()
    for second in range(0, 180, 5):
        one.speech_ended(0.0, final=True, now=START + second)
        assert one.tick(START + second + 4.9) == []
    (bye,) = one.tick(START + 180)
    assert bye.prompts == ("silent_bye",)


def greeted_early(phase: str, voiced_s: float = 0.8) -> VoiceIntake:
    """A caller whose "hello" was heard in this phase, up to the moment after the beep (START + 22)."""
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    (greeting,) = one.answered()

    def hello(now: float) -> None:
        one.speech_started(now)
        one.speech_ended(voiced_s, final=True, now=now + 1.5)

    if phase == "greeting":
        hello(START + 5)
    _, prompt = one.played(greeting.id, START + 9)
    if phase == "prompting":  # began in the greeting, which nothing stops
        one.speech_ended(voiced_s, final=True, now=START + 9.5)
    one.played(prompt.id, START + 22)
    assert one.state.phase == "listening"
    return one


@pytest.mark.parametrize("phase", ["greeting", "prompting"])
def test_who_says_hello_before_the_beep_may_then_think_before_speaking(phase: str):
    one = greeted_early(phase)
    assert one.tick(START + 29.9) == []
    one.speech_started(START + 29.9)
    one.speech_ended(5.0, final=True, now=START + 36)
    assert one.tick(START + 38.7) == []
    assert told(one.tick(START + 38.9)) == ["say:number_intro"]
    assert one.outcome(answered=True) == "appeal"


def test_who_said_only_a_few_words_early_is_asked_once_more_and_is_a_partial_call():
    one = greeted_early("greeting")
    (again,) = one.tick(START + 30)
    assert again.prompts == ("reprompt", "beep")
    assert one.outcome(answered=True) == "partial"
    assert one.state.ticket_no == NUMBER


def test_words_before_the_beep_give_the_hash_key_nothing_to_end():
    one = greeted_early("greeting")
    assert told(one.digit("#", "rfc4733", START + 23)) == ["note:digit"]
    assert one.state.phase == "listening"
    early = VoiceIntake(lambda: NUMBER, IntakeSettings())
    (greeting,) = early.answered()
    early.speech_ended(0.8, final=True, now=START + 5)
    early.played(greeting.id, START + 9)
    assert told(early.digit("#", "rfc4733", START + 12)) == ["note:digit"]
    assert early.state.phase == "prompting"


def test_the_three_minutes_of_a_caller_who_only_spoke_early_end_without_a_number():
    one = greeted_early("greeting")
    for second in range(23, 202, 5):
        one.speech_ended(0.0, final=True, now=START + second)
    assert told(one.tick(START + 202)) == ["say:silent_bye"]


def test_speech_that_goes_on_over_the_beep_is_part_of_the_appeal_with_all_its_pieces():
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    (greeting,) = one.answered()
    one.speech_started(START + 5)
    _, prompt = one.played(greeting.id, START + 9)
    one.speech_ended(9.0, final=False, now=START + 17)
    one.played(prompt.id, START + 22)
    one.speech_ended(0.4, final=True, now=START + 22.5)
    assert one.tick(START + 25.2) == []
    assert told(one.tick(START + 25.4)) == ["say:number_intro"]


def test_speech_into_the_intake_prompt_is_the_appeal():
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    (greeting,) = one.answered()
    one.speech_ended(0.8, final=True, now=START + 5)
    one.played(greeting.id, START + 9)
    assert told(one.speech_started(START + 12)) == ["hush"]
    one.speech_ended(4.0, final=True, now=START + 18)
    assert told(one.tick(START + 20.9)) == ["say:number_intro"]


def test_what_was_said_before_a_reprompt_counts_with_what_is_said_after_it():
    one = listening()
    one.speech_ended(0.5, final=True, now=START + 1)
    (again,) = one.tick(START + 9)
    one.played(again.id, START + 18)
    one.speech_ended(0.5, final=True, now=START + 20)
    assert told(one.tick(START + 22.9)) == ["say:number_intro"]


def test_what_was_said_early_stays_early_for_the_next_front_door_and_the_next_line():
    early = greeted_early("greeting")
    state = msgspec.json.decode(msgspec.json.encode(early.state), type=State)
    one = VoiceIntake(lambda: NUMBER, IntakeSettings(), state)
    assert one.reanchored() == []
    assert one.tick(START + 29.9) == []
    assert told(one.tick(START + 30)) == ["say:reprompt+beep"]


def test_an_appeal_whose_line_died_in_the_prompt_begins_when_the_prompt_was_said_again():
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    (greeting,) = one.answered()
    one.speech_ended(0.8, final=True, now=START + 5)
    one.played(greeting.id, START + 9)
    (prompt,) = one.reanchored()
    one.played(prompt.id, START + 30)
    assert one.tick(START + 37.9) == []
    one.speech_started(START + 37.9)
    one.speech_ended(3.0, final=True, now=START + 42)  # cut where the line died
    assert one.reanchored() == []
    assert told(one.tick(START + 44.9)) == ["say:number_intro"]


def test_a_caller_who_puts_us_on_hold_finds_all_times_where_they_stood():
    one = listening(prompts=())
    one.speech_started(START + 1)
    one.speech_ended(3.0, final=True, now=START + 5)
    one.held(START + 6)
    one.held(START + 7)  # said again: a line says it of its first session too
    for second in range(6, 500, 20):
        assert one.tick(START + second) == []
    assert one.resumed(START + 500) == []
    assert one.resumed(START + 501) == []
    assert one.tick(START + 501.7) == []
    assert told(one.tick(START + 501.9)) == ["say:number_intro"]


def test_the_three_minutes_do_not_run_while_on_hold():
    one = listening()
    one.held(START + 1)
    one.resumed(START + 501)
    one.speech_started(START + 502)
    assert one.tick(START + 679) == []
    assert told(one.tick(START + 680)) == ["say:number_intro"]


def test_what_is_said_while_on_hold_is_said_again_afterwards():
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    (greeting,) = one.answered()
    assert one.tick(START) == []
    one.held(START + 2)
    assert one.played(greeting.id, START + 9) == []
    assert one.tick(START + 100) == []
    (again,) = one.resumed(START + 100)
    assert again.prompts == ("greeting",)
    assert told(one.played(again.id, START + 109)) == ["note:greeted", "say:intake+beep"]


def test_music_on_hold_is_no_speech_but_what_was_being_said_is():
    one = intake("prompting")
    one.held(START)
    assert one.speech_started(START + 5) == []
    one.speech_ended(12.0, final=False, now=START + 17)
    one.speech_ended(5.0, final=True, now=START + 25)
    assert one.state.phase == "prompting"
    assert one.outcome(answered=True) == "silent"
    speaking = listening(speaking=True)
    speaking.held(START + 3)
    speaking.speech_ended(2.0, final=True, now=START + 4)
    speaking.resumed(START + 60)
    assert speaking.outcome(answered=True) == "partial"
    assert told(speaking.tick(START + 62.9)) == ["say:number_intro"]


def test_a_call_that_is_over_is_hung_up_also_on_hold():
    one = intake("over")
    one.held(START)
    assert one.tick(START + 1) == [HangUp()]


def test_the_hold_survives_the_front_door():
    one = listening()
    one.held(START + 1)
    state = msgspec.json.decode(msgspec.json.encode(one.state), type=State)
    after = VoiceIntake(lambda: NUMBER, IntakeSettings(), state)
    assert after.tick(START + 60) == []
    after.resumed(START + 101)
    assert after.tick(START + 107.9) == []
    assert told(after.tick(START + 108.1)) == ["say:reprompt+beep"]


def test_keys_without_end_are_noted_but_only_the_last_64_are_kept():
    one = listening()
    for number in range(100):
        assert one.digit(str(number % 10), "info", START) == [Note(Digit(digit=str(number % 10), method="info"))]
    assert len(one.state.digits) == 64
    assert one.state.digits.endswith("6789")
    assert one.outcome(answered=True) == "digits_only"


def test_a_key_in_the_greeting_goes_on_and_is_noted_as_cut_short():
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    one.answered()
    actions = one.digit("1", "rfc4733", 2.0)
    assert Note(Greeted(prompt="greeting", complete=False)) in actions
    assert told(one.digit("2", "rfc4733", 2.1)) == ["note:digit"]


def test_the_end_of_an_older_prompt_changes_nothing():
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    (greeting,) = one.answered()
    one.digit("1", "rfc4733", 2.0)
    assert one.played(greeting.id, 3.0) == []
    assert one.state.phase == "prompting"


def test_after_another_line_took_over_what_was_being_said_is_said_again_under_a_new_id():
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    (greeting,) = one.answered()
    (again,) = one.reanchored()
    assert again.prompts == greeting.prompts
    assert again.id != greeting.id
    assert one.played(greeting.id, 3.0) == []
    one.played(one.played(again.id, 9.0)[1].id, 20.0)
    assert one.reanchored() == []  # listening: nothing was being said


def test_a_prompt_whose_end_is_never_reported_counts_as_played_in_the_end():
    one = VoiceIntake(lambda: NUMBER, IntakeSettings())
    one.answered()
    assert one.tick(0.0) == []
    assert one.tick(44.9) == []
    assert told(one.tick(45.0)) == ["note:greeted", "say:intake+beep"]
    assert one.tick(45.2) == []
    assert one.tick(90.2) == []
    assert one.state.phase == "listening"


def test_without_a_number_to_give_the_appeal_is_taken_and_the_caller_told_so():
    one = VoiceIntake(lambda: None, IntakeSettings(), intake("listening", **SPOKEN).state)
    (bye,) = one.tick(START + 10)
    assert bye.prompts == ("late_bye",)
    assert one.played(bye.id, START + 15) == [HangUp()]
    assert one.outcome(answered=True) == "appeal"
    assert one.state.ticket_no is None


def test_a_number_is_reserved_once_however_often_the_call_is_ended():
    taken: list[str] = []

    def reserve() -> str:
        taken.append(NUMBER)
        return NUMBER

    one = VoiceIntake(reserve, IntakeSettings(), intake("listening", **SPOKEN).state)
    one.digit("#", "rfc4733", START + 2)
    one.digit("#", "rfc4733", START + 3)
    one.outcome(answered=True)
    one.outcome(answered=True)
    assert taken == [NUMBER]


@pytest.mark.parametrize("phase", PHASES)
def test_the_state_survives_as_plain_data(phase: str):
    state = intake(phase, **SPOKEN).state
    assert msgspec.json.decode(msgspec.json.encode(state), type=State) == state
