"""How a citizen is asked: by link, a machine or a person; in calling hours, in other parts of the day, not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.workflow_codes import CallbackMode, CallbackResult
from routing.callback_plan import Ask, Over, Round, Try, Wait, allowed, ends, in_vain, next_step
from routing.rulebook import Rulebook
from tests.fixtures.life import SHANGHAI

HUMAN, AUTO, SMS = CallbackMode.HUMAN, CallbackMode.AUTO_CALL, CallbackMode.SMS


def at(day: int, clock: str) -> datetime:
    """In November 2026; the 2nd is a Monday."""
    return datetime.combine(date(2026, 11, day), time.fromisoformat(clock), SHANGHAI)


def vain(when: datetime, mode: CallbackMode = AUTO) -> Try:
    return Try(mode, CallbackResult.NOT_REACHED, when, when)


def rated(mode: CallbackMode, *, unhappy: bool) -> Try:
    return Try(mode, CallbackResult.ANSWERED, at(2, "10:00"), at(2, "10:05"), unhappy=unhappy)


def broken(when: datetime) -> Try:
    return Try(AUTO, CallbackResult.CANCELLED, when, when, broken=True)


BEGAN = Round(at(2, "10:00"), reachable=True, written=True)


def changed(book: Rulebook, **rules) -> Rulebook:
    return replace(book, city=replace(book.city, rules=replace(book.city.rules, **rules)))


def test_who_got_a_link_is_called_by_a_machine_when_the_start_limit_is_up(book):
    assert next_step(BEGAN, book) == Ask(AUTO, at(3, "18:00"))


def test_who_cannot_be_written_to_is_called_as_soon_as_calls_may_be_made(book):
    assert next_step(replace(BEGAN, written=False), book) == Ask(AUTO, at(2, "10:00"))
    late = replace(BEGAN, written=False, began=at(2, "21:30"))
    assert next_step(late, book) == Ask(AUTO, at(3, "09:00"))


@pytest.mark.parametrize(
    "why", [{"profile": "E1"}, {"profile": "E2"}, {"supervised": True}, {"reworked": True}], ids=str
)
def test_a_person_calls_at_once_where_the_city_wants_one(book, why):
    assert next_step(replace(BEGAN, **why), book) == Ask(HUMAN, at(2, "10:00"))
    assert next_step(replace(BEGAN, **why), changed(book, callback_human_if=())).mode is AUTO


def test_who_cannot_be_reached_by_any_number_is_not_asked(book):
    assert next_step(replace(BEGAN, reachable=False), book) == Over()
    assert next_step(replace(BEGAN, reachable=False, supervised=True), book) == Wait()


def test_after_a_try_in_vain_he_is_called_in_another_part_of_the_day(book):
    for last, following in (("09:30", "14:00"), ("14:30", "18:00")):
        assert next_step(replace(BEGAN, tries=[vain(at(3, last))]), book) == Ask(AUTO, at(3, following))
    assert next_step(replace(BEGAN, tries=[vain(at(3, "18:30"))]), book) == Ask(AUTO, at(4, "09:00"))


def test_the_last_try_is_not_on_the_one_day_of_all_the_others(book):
    tries = [vain(at(3, "09:30")), vain(at(3, "14:10"))]
    assert next_step(replace(BEGAN, tries=tries), book) == Ask(AUTO, at(4, "09:00"))
    tries = [vain(at(3, "18:10")), vain(at(4, "09:10"))]
    assert next_step(replace(BEGAN, tries=tries), book) == Ask(AUTO, at(4, "14:00"))


def test_three_tries_in_two_parts_of_the_day_are_enough_and_what_the_unit_reported_stands(book):
    tries = [vain(at(3, "18:10")), vain(at(4, "09:10")), vain(at(4, "14:10"))]
    assert next_step(replace(BEGAN, tries=tries), book) == Over()
    assert next_step(replace(BEGAN, tries=tries, supervised=True), book) == Wait()


def test_tries_in_one_part_of_the_day_are_never_enough(book):
    tries = [vain(at(day, "09:30"), HUMAN) for day in (3, 4, 5, 6)]
    assert next_step(replace(BEGAN, tries=tries), book) == Ask(AUTO, at(6, "14:00"))
    assert not in_vain([one.at for one in tries], book)


def test_all_tries_lie_within_the_citys_window(book):
    round_ = BEGAN
    while isinstance(step := next_step(round_, book), Ask):
        round_ = replace(round_, tries=[*round_.tries, vain(step.at + timedelta(minutes=1))])
    ended = [one.at for one in round_.tries]
    assert len(ended) == 3
    assert ended[-1] - ended[0] <= timedelta(days=2)
    assert len({when.date() for when in ended}) == 2


def test_the_last_try_is_a_persons_where_the_city_wants_that(book):
    persons = changed(book, callback_human_if=("unreached",))
    tries = [vain(at(3, "18:10")), vain(at(4, "09:10"))]
    assert next_step(replace(BEGAN, tries=tries), persons) == Ask(HUMAN, at(4, "14:00"))
    assert next_step(replace(BEGAN, tries=tries[:1]), persons).mode is AUTO


def test_who_does_not_want_to_be_asked_is_left_alone(book):
    refused = Try(HUMAN, CallbackResult.REFUSED, at(2, "10:00"), at(2, "10:05"))
    assert next_step(replace(BEGAN, tries=[refused]), book) == Over()


def test_who_is_not_content_is_heard_by_a_person_once(book):
    again = replace(BEGAN, reworked=True, supervised=True)
    by_link = replace(again, tries=[rated(SMS, unhappy=True)])
    assert next_step(by_link, book) == Ask(HUMAN, at(2, "10:00"))
    assert next_step(by_link, changed(book, callback_human_if=("rework",))) == Wait()
    heard = replace(again, tries=[rated(HUMAN, unhappy=True)])
    assert next_step(heard, book) == Wait()
    assert next_step(replace(heard, supervised=False), book) == Over()
    not_reached = [vain(at(3, "09:30"), HUMAN), vain(at(3, "14:30"), HUMAN), vain(at(4, "09:30"), HUMAN)]
    assert next_step(replace(by_link, tries=[*by_link.tries, *not_reached]), book) == Wait()


def test_who_is_content_while_it_is_supervised_waits_for_the_supervision(book):
    content = replace(BEGAN, supervised=True, tries=[rated(SMS, unhappy=False)])
    assert next_step(content, book) == Wait()
    assert next_step(replace(content, supervised=False), book) == Over()


def test_a_call_that_could_not_be_placed_is_no_try_and_comes_again_then_a_person_calls(book):
    once = replace(BEGAN, tries=[broken(at(3, "18:05"))])
    assert next_step(once, book) == Ask(AUTO, at(3, "18:35"))
    twice = replace(BEGAN, tries=[broken(at(3, "18:05")), broken(at(3, "19:40"))])
    assert next_step(twice, book) == Ask(HUMAN, at(4, "09:00"))


def test_a_missing_year_hinders_no_call(book):
    assert next_step(replace(BEGAN, began=at(2, "10:00").replace(year=2040)), book) == Ask(
        AUTO, at(3, "10:00").replace(year=2040)
    )


@pytest.mark.parametrize(
    ("when", "first", "until"),
    [
        ("08:00", "09:00", "12:00"), ("09:00", "09:00", "12:00"), ("11:50", "11:50", "12:00"),
        ("11:51", "14:00", "18:00"), ("13:00", "14:00", "18:00"), ("17:55", "18:00", "20:00"),
        ("19:50", "19:50", "20:00"),
    ],
)  # fmt: skip
def test_calls_are_begun_in_calling_hours_with_time_left_to_make_them(book, when, first, until):
    assert allowed(at(2, when), book) == at(2, first)
    assert ends(allowed(at(2, when), book), book) == at(2, until)


def test_after_the_last_hour_it_is_the_next_morning(book):
    assert allowed(at(2, "19:51"), book) == at(3, "09:00")


def test_a_city_that_calls_in_one_part_of_the_day_only_tries_on_the_next_day(book):
    mornings = changed(book, callback_hours=((time(9), time(11)),), callback_dayparts=1)
    assert next_step(replace(BEGAN, tries=[vain(at(3, "09:30"))]), mornings) == Ask(AUTO, at(4, "09:30"))


_YEAR = datetime(2026, 1, 5, tzinfo=SHANGHAI)


def test_whenever_nobody_picks_up_it_ends_and_no_call_is_planned_outside_calling_hours(book):
    @given(
        minutes=st.integers(0, 340 * 24 * 60),
        written=st.booleans(),
        late=st.lists(st.integers(0, 3000), min_size=12, max_size=12),
    )
    def holds(minutes: int, written: bool, late: list[int]) -> None:
        round_ = Round(_YEAR + timedelta(minutes=minutes), reachable=True, written=written)
        for delay in late:
            step = next_step(round_, book)
            if isinstance(step, Over):
                break
            assert isinstance(step, Ask)
            assert allowed(step.at, book) == step.at >= round_.began
            assert not round_.tries or step.at > round_.tries[-1].at
            round_ = replace(
                round_, tries=[*round_.tries, vain(allowed(step.at + timedelta(minutes=delay), book))]
            )  # fmt: skip
        assert next_step(round_, book) == Over()
        assert len(round_.tries) >= 3
        assert len({(one.at.hour >= 12) + (one.at.hour >= 18) for one in round_.tries}) >= 2

    holds()
