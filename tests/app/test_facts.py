"""What the conditions of the workflow are told of a ticket: windows, tries, evidence, cut-offs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.tickets.body import ActionBody
from app.tickets.facts import Present, facts_of, is_standing
from app.tickets.texts import UNHEARD
from models.codes import ClockKind, TicketStatus
from models.handling import Callback, ContactRecord, Supervision
from models.ownership import CoHandling, Request, SubDispatch
from models.ticket import Clock, Ticket
from models.workflow_codes import PauseReason, RequestKind
from models.workflow_codes import TicketAction as A
from tests.fixtures.life import MONDAY, SHANGHAI


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


def ticket(**values: Any) -> Ticket:
    row = {
        "id": 1, "no": "T1", "query_code": "0", "status": 50, "type": "02", "channel": "10", "urgency": 3,
        "title": "灯", "content": "路灯不亮", "category": "010101", "profile": "N5", "caller_phone": "13900000001",
        "created_at": MONDAY, "updated_at": MONDAY,
    }  # fmt: skip
    return Ticket(**{**row, **values})


def clock(kind: ClockKind, due: datetime, **values: Any) -> Clock:
    family = "citizen" if kind is ClockKind.CITIZEN else "unit"
    return Clock(
        ticket_id=1, kind=kind.value, family=family, limit="5wd", started_at=MONDAY, due=due, **{"paused": [], **values}
    )


@pytest.fixture
def facts(book):
    def of(present: Present | None = None, now: datetime = MONDAY, body=None, action=None, **values: Any):
        return facts_of(ticket(**values), present or Present(), book, now, body, action)

    return of


def test_what_stands_on_the_ticket_is_told(facts):
    told = facts(
        dispatch_count=2, designated=True, extension_count=1, rework_count=1, appeal_count=1, circulated=True,
        confidential=True, stability_risk=True, in_scope=False, before_pause=40,
    )  # fmt: skip
    assert (told.status, told.dispatch_count, told.max_dispatch, told.designated) == (TicketStatus.HANDLING, 2, 3, True)
    assert (told.extension_count, told.extension_max, told.rework_count, told.appeal_count) == (1, 1, 1, 1)
    assert (told.circulated, told.confidential, told.stability_risk, told.in_scope) == (True, True, True, False)
    assert told.merged_from is TicketStatus.SIGN


@pytest.mark.parametrize(
    ("profile", "urgent", "needs_sign", "extensions"),
    [("N5", False, True, 1), ("E1", True, True, 0), ("E2", True, True, 0), ("P", False, False, 0),
     ("T", False, False, 0), (None, False, True, 1)],
)  # fmt: skip
def test_what_the_profile_says_is_told(facts, profile, urgent, needs_sign, extensions):
    told = facts(profile=profile)
    assert (told.urgent, told.needs_sign, told.extension_max) == (urgent, needs_sign, extensions)


def test_a_category_is_one_thing_and_words_are_another(facts):
    assert (facts().has_words, facts().has_category) == (True, True)
    assert (facts(category=None).has_words, facts(category=None).has_category) == (True, False)
    assert not facts(content=UNHEARD).has_words  # nobody has heard the recording yet


# ---- windows

DUE = at("11-09 18:00")


@pytest.mark.parametrize(
    ("due", "now", "in_time"),
    [
        (DUE, "11-09 16:59", True),
        (DUE, "11-09 17:00", False),  # on the day it is due by 17:00
        (DUE, "11-09 18:00", False),
        (DUE, "11-10 09:00", False),
        (DUE, "11-08 23:00", True),
        (at("11-09 11:00"), "11-09 10:59", True),  # never after it is due
        (at("11-09 11:00"), "11-09 11:00", False),
        (at("11-08 12:00"), "11-06 16:59", True),  # due on a Sunday: by 17:00 of the Friday before
        (at("11-08 12:00"), "11-06 17:00", False),
    ],
)
def test_an_extension_is_asked_for_before_it_is_due_and_before_the_cut_off(facts, due, now, in_time):
    assert facts(Present(clocks=[clock(ClockKind.FINISH, due)]), at(now)).extension_in_time is in_time


def test_without_a_running_limit_nothing_can_be_extended(facts):
    assert not facts().extension_in_time


@pytest.mark.parametrize(("now", "is_open"), [("11-03 18:00", True), ("11-03 18:01", False)])
def test_a_return_is_open_to_the_last_minute_of_its_window(facts, now, is_open):
    assert facts(now=at(now), return_until=at("11-03 18:00")).return_open is is_open


def test_without_a_window_there_is_no_return(facts):
    assert not facts(return_until=None).return_open


@pytest.mark.parametrize(("days", "is_open"), [(7, True), (7.001, False), (0, True)])
def test_appeals_and_the_undoing_of_a_merge_are_open_for_seven_days(facts, days, is_open):
    told = facts(now=MONDAY + timedelta(days=days), status=80, closed_at=MONDAY)
    assert (told.appeal_open, told.unmerge_open) == (is_open, is_open)


def test_nobody_appeals_against_what_is_not_closed(facts):
    assert not facts(closed_at=None).appeal_open


# ---- an unknown year takes nobody's rights and stops nobody's work

LAST = datetime(2027, 12, 31, 10, tzinfo=SHANGHAI)


def test_a_limit_by_the_wall_clock_into_an_unknown_year_can_be_worked_on(facts):
    due = datetime(2040, 1, 1, 10, tzinfo=SHANGHAI)
    told = facts(Present(clocks=[clock(ClockKind.FINISH, due)]), due - timedelta(hours=20), profile="E1")
    assert told.extension_in_time
    assert not facts(Present(clocks=[clock(ClockKind.FINISH, due)]), due, profile="E1").extension_in_time


def test_a_grace_that_reaches_into_an_unknown_year_is_not_over(facts):
    due = datetime(2040, 1, 1, 10, tzinfo=SHANGHAI)
    told = facts(Present(clocks=[clock(ClockKind.SIGN, due)]), due + timedelta(hours=1))
    assert told.past_due == frozenset()


# ---- evidence of contact


def contacts(*results: str) -> Present:
    return Present(
        contacts=[
            ContactRecord(
                ticket_id=1, by="user:2", at=MONDAY + timedelta(minutes=minute), result=result, noted_at=MONDAY
            )
            for minute, result in enumerate(results)
        ]
    )


@pytest.mark.parametrize(
    ("results", "contacted"),
    [
        ((), False),
        (("reached",), True),
        (("not_reached",), False),
        (("not_reached",) * 2, False),
        (("not_reached",) * 3, True),  # tried in vain often enough
        (("not_reached", "reached"), True),
    ],
)
def test_reached_once_or_tried_three_times_is_contact(facts, results, contacted):
    assert facts(contacts(*results)).contacted is contacted


@pytest.mark.parametrize(
    ("results", "unreachable"),
    [
        ((), False),
        (("not_reached",) * 2, False),
        (("not_reached",) * 3, True),
        (("reached", *("not_reached",) * 3), True),  # he was reached once, and is not any more
        (("not_reached", "not_reached", "reached", "not_reached"), False),
    ],
)
def test_unreachable_is_three_tries_in_vain_since_he_was_last_reached(facts, results, unreachable):
    assert facts(contacts(*results)).unreachable is unreachable
    assert facts(contacts(*results), caller_phone=None).unreachable


def test_nobody_to_be_reached_is_contact_and_no_callback(facts):
    told = facts(caller_phone=None)
    assert (told.contacted, told.callback_exempt) == (True, True)
    told = facts(caller_phone=None, contact_phone="13900000002")
    assert (told.contacted, told.callback_exempt) == (False, False)


# ---- call-backs


def callbacks(*tries: tuple[str, str], **rated: Any) -> Present:
    rows = [
        Callback(ticket_id=1, round=1, try_no=number, mode="human", result=result, planned_at=at(when), at=at(when))
        for number, (result, when) in enumerate(tries, 1)
    ]
    if rated:
        rows.append(
            Callback(
                ticket_id=1, round=1, try_no=9, mode="human", result="answered", planned_at=MONDAY, at=MONDAY, **rated
            )
        )
    return Present(callbacks=rows)


N = "not_reached"


@pytest.mark.parametrize(
    ("tries", "done"),
    [
        ((), False),
        (((N, "11-02 09:00"), (N, "11-02 15:00")), False),
        (((N, "11-02 09:00"), (N, "11-02 10:00"), (N, "11-02 11:59")), False),  # one part of the day
        (((N, "11-02 09:00"), (N, "11-03 09:00"), (N, "11-03 10:00")), False),  # two days, one part
        (((N, "11-02 09:00"), (N, "11-02 10:00"), (N, "11-02 12:00")), True),
        (((N, "11-02 14:00"), (N, "11-02 15:00"), (N, "11-03 18:00")), True),  # afternoon and evening
        (((N, "11-02 09:00"), (N, "11-02 15:00"), ("planned", "11-03 09:00")), False),
        ((("refused", "11-02 09:00"),), True),
    ],
)
def test_unreached_is_three_tries_in_two_parts_of_the_day(facts, tries, done):
    assert facts(callbacks(*tries)).tries_done is done


@pytest.mark.parametrize(
    ("rated", "reworked", "settled"),
    [
        ({"satisfied": 5, "solved": 1}, 0, True),
        ({"satisfied": 3, "solved": 4}, 0, True),
        ({"satisfied": 2, "solved": 1}, 0, False),
        ({"satisfied": 4, "solved": 3}, 0, False),
        ({"satisfied": 1, "solved": 3}, 1, True),  # bad again, and supervision is over
    ],
)
def test_a_rating_settles_the_callback_unless_something_is_left_to_do(facts, rated, reworked, settled):
    assert facts(callbacks(**rated), rework_count=reworked).callback_settled is settled


def test_nothing_is_settled_while_it_is_supervised_or_before_a_rating(facts):
    present = callbacks(satisfied=5, solved=1)
    present.supervision = supervision()
    assert not facts(present).callback_settled
    assert not facts(callbacks((N, "11-02 09:00"))).callback_settled


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, None),
        ({"callback_result": "not_reached"}, "not_reached"),
        ({"callback_result": "refused"}, "refused"),
        ({"callback_result": "answered", "satisfied": 5, "solved": 1}, "happy"),
        ({"callback_result": "answered", "satisfied": 3, "solved": 2}, "happy"),
        ({"callback_result": "answered", "satisfied": 3, "solved": 4}, "happy"),  # it cannot be helped, and he sees it
        ({"callback_result": "answered", "satisfied": 2, "solved": 1}, "unhappy"),
        ({"callback_result": "answered", "satisfied": 1, "solved": 4}, "unhappy"),
        ({"callback_result": "answered", "satisfied": 5, "solved": 3}, "unhappy"),
    ],
)
def test_unhappy_is_not_satisfied_or_not_solved(facts, said, meant):
    assert facts(body=ActionBody(**said)).callback == meant


# ---- what is beside


def supervision(**values: Any) -> Supervision:
    return Supervision(
        ticket_id=1, level=2, unit="640106", reason="", opened_by="system", started_at=MONDAY, due=DUE, **values
    )


def test_a_supervision_is_told_with_its_level_and_whether_it_was_answered(facts):
    told = facts(Present(supervision=supervision()), body=ActionBody(level=3))
    assert (told.supervised, told.supervision_answered, told.supervise_level, told.wanted_level) == (True, False, 2, 3)
    assert facts(Present(supervision=supervision(answered_at=MONDAY))).supervision_answered
    assert (facts().supervised, facts().supervise_level, facts().wanted_level) == (False, 0, 1)


@pytest.mark.parametrize(
    ("due", "is_open"), [(None, True), (MONDAY + timedelta(minutes=1), True), (MONDAY, False)], ids=str
)
def test_a_helper_is_waited_for_while_he_has_time(facts, due, is_open):
    helper = CoHandling(ticket_id=1, unit="640106-ZF", started_at=MONDAY, due=due)
    assert facts(Present(helpers=[helper])).co_open is is_open


def test_the_rest_of_what_waits_is_told(facts):
    sub = {"ticket_id": 1, "from_unit": "a", "to_unit": "b", "demand": "", "due": DUE, "started_at": MONDAY}
    present = Present(
        requests=[Request(ticket_id=1, kind="extension", reason="", asked_by="x", asked_at=MONDAY)],
        subs=[SubDispatch(**sub), SubDispatch(**sub)],
        paused=PauseReason.APPRAISAL,
        urged_today=1,
        clocks=[clock(ClockKind.FEEDBACK, DUE)],
    )
    told = facts(present)
    assert told.pending == {RequestKind.EXTENSION}
    assert (told.sub_depth, told.paused, told.urged_today, told.urge_per_day, told.fed_back) == (2, True, 1, 1, False)
    assert not facts(Present(paused=PauseReason.WAIT_INFO)).paused  # its own state says so
    assert facts().fed_back


@pytest.mark.parametrize(
    ("verdict", "explained"), [(None, False), ("a", False), ("b", False), ("c", True), ("d", True)]
)
def test_a_bad_rating_without_ground_is_explained(facts, verdict, explained):
    assert facts(Present(verdict=verdict)).rating_explained is explained


def test_a_bad_rating_awaits_its_verdict(facts):
    assert not facts().rating_awaits
    assert facts(Present(unjudged=True)).rating_awaits


@pytest.mark.parametrize(
    ("other", "sound"),
    [
        (None, False),
        ({"id": 1}, False),  # itself
        ({"id": 2}, True),
        ({"id": 2, "status": 80}, False),
        ({"id": 2, "status": 92, "merged_into": 3}, False),
        ({"id": 2, "status": 40, "merged_into": 3}, False),
    ],
)
@pytest.mark.parametrize("action", [A.MERGE, A.LINK])
def test_another_open_ticket_is_a_sound_target(facts, other, sound, action):
    present = Present(target=ticket(**other) if other else None)
    assert facts(present, action=action).target_sound is sound
    assert facts(present, action=A.UNLINK).target_sound


STANDING = [{"from": MONDAY.isoformat(), "reason": "suspended"}]
ENDED = [{"from": MONDAY.isoformat(), "to": DUE.isoformat(), "reason": "suspended"}]


@pytest.mark.parametrize(
    ("kind", "now", "paused", "profile", "past"),
    [
        (ClockKind.ARCHIVE, "11-09 18:00", [], "N5", True),
        (ClockKind.ARCHIVE, "11-09 17:59", [], "N5", False),
        (ClockKind.ARCHIVE, "11-09 18:00", STANDING, "N5", False),
        (ClockKind.ARCHIVE, "11-09 18:00", ENDED, "N5", True),
        (ClockKind.SIGN, "11-09 18:00", [], "N5", False),  # two working hours of grace
        (ClockKind.SIGN, "11-10 10:29", [], "N5", False),
        (ClockKind.SIGN, "11-10 10:30", [], "N5", True),
        (ClockKind.SIGN, "11-09 18:04", [], "E1", False),  # five minutes
        (ClockKind.SIGN, "11-09 18:05", [], "E1", True),
    ],
)
def test_a_clock_is_past_when_it_is_due_with_its_grace_and_runs(facts, kind, now, paused, profile, past):
    running = clock(kind, DUE, paused=paused)
    assert (kind in facts(Present(clocks=[running]), at(now), profile=profile).past_due) is past
    assert is_standing(running) is (paused is STANDING)
