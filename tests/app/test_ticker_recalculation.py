"""A notice moves the dues of open tickets: counted again, the old one kept, told once, and nobody warned twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text

from app.jobs.outbox import claim, perform
from app.jobs.recalculation import CityBehindError, recalculate_job
from app.seeding import seed
from app.tickets.recalculating import TOPIC, Recalculated, recalculate
from app.tickets.ticker import catch_up
from models.codes import Role, TicketStatus
from models.workflow_codes import TicketAction as A
from routing.city.schema import CalendarDay, City
from routing.rulebook import Rulebook
from tests.fixtures.life import DIRECTOR, DISPATCHER, OTHER, SHANGHAI, SUPERVISOR, UNIT, of_unit
from tests.fixtures.ticket_side import AppSettings

SIGNER, HANDLER, HEAD = (of_unit(UNIT, role) for role in (Role.UNIT_SIGNER, Role.UNIT_HANDLER, Role.UNIT_APPROVER))
DISTRICT = "640106"
"""The unit above UNIT."""
NOTICE = "宁政办发〔2026〕号"


def with_days(city: City, *days: CalendarDay) -> City:
    """The city after a notice of the region."""
    layers = [
        replace(layer, days=(*layer.days, *days)) if layer.name == city.layers[-1].name else layer
        for layer in city.layers
    ]
    return replace(city, layers=tuple(layers))


def day_off(day: int, month: int = 11, *, city: City) -> CalendarDay:
    return CalendarDay(date(2026, month, day), False, city.layers[-1].name, "古尔邦节", NOTICE)


def make_up(day: int, *, city: City) -> CalendarDay:
    return CalendarDay(date(2026, 11, day), True, city.layers[-1].name, "补班", NOTICE)


@pytest.fixture
def holiday(yinchuan) -> Rulebook:
    """Thursday, 5 November 2026 is a day off in Ningxia."""
    return Rulebook.of(with_days(yinchuan, day_off(5, city=yinchuan)))


async def _again(life, book, **options) -> Recalculated:
    total, after = Recalculated(), 0
    while True:
        done = await recalculate(life.sessions, book, life.now, after=after, **options)
        total.add(done)
        after = done.last
        if not after:
            return total


async def test_a_day_off_moves_the_dues_of_an_open_ticket_by_a_day_and_keeps_the_old_ones(life, holiday):
    await life.begin()
    await life.to_handling()
    before = await life.ticket()
    done = await _again(life, holiday)
    ticket = await life.ticket()
    assert (done.tickets, {moved["clock"] for moved in done.moved}) == (1, {"finish", "citizen"})
    assert ticket.due == ticket.citizen_due == before.due + timedelta(days=1)
    assert ticket.version == before.version + 1
    rows = await life.rows("SELECT history FROM clocks WHERE kind IN ('finish', 'citizen')")
    assert [[old["why"] for old in row["history"]] for row in rows] == [["calendar"], ["calendar"]]
    assert all(datetime.fromisoformat(row["history"][0]["due"]) == before.due for row in rows)
    (event,) = await life.rows("SELECT payload FROM ticket_events WHERE kind = 'recalculated'")
    assert {moved["clock"] for moved in event["payload"]["moved"]} == {"finish", "citizen"}
    assert not await life.faults()


async def test_doing_it_again_changes_nothing(life, holiday):
    await life.begin()
    await life.to_handling()
    await _again(life, holiday)
    ticket = await life.ticket()
    again = await _again(life, holiday)
    assert (again.tickets, again.moved) == (0, [])
    assert (await life.ticket()).version == ticket.version


async def test_an_unchanged_calendar_moves_nothing_whatever_has_moved_the_dues_before(life):
    handler, head = of_unit(DISTRICT, Role.UNIT_HANDLER), of_unit(DISTRICT, Role.UNIT_APPROVER)
    await life.begin(co_units=[OTHER], host_unit=DISTRICT)
    await life.to_handling(DISTRICT)
    await life.do(A.REQUEST_EXTENSION, handler, reason="等待配件")
    await life.do(A.APPROVE_EXTENSION, DISPATCHER, reason="同意", limit="2wd")
    life.later(days=1)
    await life.do(A.REQUEST_SUSPENSION, head, reason="待改造", until=life.now + timedelta(days=20))
    await life.do(A.APPROVE_SUSPENSION, DIRECTOR, reason="同意")
    life.later(days=3, hours=2)
    await life.do(A.RESUME, handler)
    await life.do(A.REQUEST_EXTENSION, handler, reason="仍在等待")
    await life.do(A.APPROVE_EXTENSION, DIRECTOR, reason="同意", limit="1wd")
    await life.do(A.SUPERVISE, SUPERVISOR, level=1, reason="久拖")
    await life.do(A.SUB_DISPATCH, handler, unit=UNIT, text="请到现场处理")
    before = await life.rows("SELECT id, due, next_at, stage FROM clocks WHERE stopped_at IS NULL ORDER BY id")
    done = await _again(life, life.book)
    assert done.moved == []
    assert done.looked_at == 1
    assert await life.rows("SELECT id, due, next_at, stage FROM clocks WHERE stopped_at IS NULL ORDER BY id") == before
    assert not await life.faults()


async def test_extensions_and_pauses_are_taken_again_in_their_order(life, yinchuan):
    """Five days, two more, three of a pause: the day off lies in the extension only."""
    await life.begin()
    await life.to_handling()
    await life.do(A.REQUEST_EXTENSION, HANDLER, reason="等待配件")
    await life.do(A.APPROVE_EXTENSION, DISPATCHER, reason="同意", limit="2wd")
    due = (await life.ticket()).due
    assert due.astimezone(life.book.calendar.zone).date() == date(2026, 11, 11)
    await _again(life, Rulebook.of(with_days(yinchuan, day_off(10, city=yinchuan))))
    ticket = await life.ticket()
    assert ticket.due == due + timedelta(days=1)
    assert ticket.extension_count == 1


async def test_helpers_and_subs_follow_their_lead_but_a_date_people_chose_stays(life, holiday):
    handler = of_unit(DISTRICT, Role.UNIT_HANDLER)
    await life.begin(co_units=[OTHER], host_unit=DISTRICT)
    await life.to_handling(DISTRICT)
    await life.do(A.SUB_DISPATCH, handler, unit=UNIT, text="请处理", until=life.now + timedelta(days=2))
    chosen = (await life.rows("SELECT due FROM sub_dispatches"))[0]["due"]
    helper = (await life.rows("SELECT due FROM co_handlings"))[0]["due"]
    await _again(life, holiday)
    assert (await life.rows("SELECT due FROM sub_dispatches"))[0]["due"] == chosen
    assert (await life.rows("SELECT due FROM co_handlings"))[0]["due"] == helper + timedelta(days=1)
    assert not await life.faults()


async def test_what_was_overdue_by_the_old_calendar_and_is_not_by_the_new_is_not_overdue(life, yinchuan):
    await life.begin()
    await life.to_handling()
    due = (await life.ticket()).due
    life.now = due + timedelta(minutes=1)
    await catch_up(life.sessions, life.book, life.now)
    assert (await life.ticket()).unit_overdue is True
    book = Rulebook.of(with_days(yinchuan, day_off(5, city=yinchuan), day_off(6, city=yinchuan)))
    await _again(life, book)
    ticket = await life.ticket()
    assert (ticket.unit_overdue, ticket.citizen_overdue) == (False, False)
    await catch_up(life.sessions, book, ticket.due)
    kinds = [row["kind"] for row in await life.rows(
        "SELECT kind FROM ticket_events WHERE payload ->> 'clock' = 'finish' ORDER BY seq"
    )]  # fmt: skip
    assert kinds.count("overdue") == 2  # of two different dues
    assert not await life.faults()


async def test_a_warning_whose_time_is_past_by_either_calendar_is_not_given_twice(life, holiday):
    await life.begin()
    await life.to_handling()
    life.now = (await life.ticket()).due - timedelta(hours=1)
    await catch_up(life.sessions, life.book, life.now)
    book = Rulebook.of(with_days(holiday.city, make_up(7, city=holiday.city)))  # a day off and a Saturday: no change
    done = await _again(life, book)
    assert done.moved == []
    await catch_up(life.sessions, book, life.now)
    kinds = [row["kind"] for row in await life.rows("SELECT kind FROM ticket_events WHERE kind = 'warn'")]
    assert len(kinds) == 2


async def test_a_make_up_day_brings_a_due_forward_but_never_to_where_it_has_passed(life, yinchuan):
    await life.begin()
    await life.to_handling()
    due = (await life.ticket()).due
    book = Rulebook.of(with_days(yinchuan, make_up(7, city=yinchuan)))
    life.now = due - timedelta(hours=1)  # Monday; by the new calendar it was due on Saturday
    done = await _again(life, book)
    assert (done.moved, done.kept) == ([], 2)
    assert (await life.ticket()).due == due
    life.now = due - timedelta(days=4)
    await _again(life, book)
    assert (await life.ticket()).due == due - timedelta(days=2)
    assert not await life.faults()


async def test_clocks_that_stand_still_keep_standing_and_ended_tickets_are_left_alone(life, holiday):
    await life.begin()
    await life.to_handling()
    await life.do(A.REQUEST_SUSPENSION, HEAD, reason="待改造", until=life.now + timedelta(days=30))
    await life.do(A.APPROVE_SUSPENSION, DIRECTOR, reason="同意")
    await _again(life, holiday)
    assert {row["next_at"] for row in await life.rows("SELECT next_at FROM clocks WHERE kind = 'finish'")} == {None}
    life.no = "YC2026110200002"
    await life.begin(TicketStatus.DRAFT)
    await life.do(A.NOT_ACCEPT, DISPATCHER, code="N1", reason="非本市")
    done = await _again(life, holiday)
    assert done.moved == []


async def test_a_dry_run_tells_and_changes_nothing(life, holiday):
    await life.begin()
    await life.to_handling()
    before = await life.ticket()
    done = await _again(life, holiday, dry_run=True)
    assert done.tickets == 1
    assert {(moved["no"], moved["clock"]) for moved in done.moved} == {(life.no, "finish"), (life.no, "citizen")}
    assert (await life.ticket()).version == before.version
    assert await life.rows("SELECT 1 FROM ticket_events WHERE kind = 'recalculated'") == []


async def test_only_tickets_within_reach_of_the_changed_days_are_looked_at(life, holiday):
    await life.begin()
    await life.to_handling()
    far = (date(2027, 3, 1), date(2027, 3, 2))
    assert (await _again(life, holiday, days=far)).looked_at == 0
    near = (date(2026, 11, 5), date(2026, 11, 5))
    assert (await _again(life, holiday, days=near)).tickets == 1


async def test_many_tickets_go_in_batches_and_one_in_hand_is_waited_for(life, holiday):
    for number in range(7):
        life.no = f"YC20261102{number:05d}"
        await life.begin()
    async with life.sessions() as other:
        await other.execute(text("SELECT 1 FROM tickets WHERE no = :no FOR UPDATE"), {"no": life.no})

        async def release(*_):
            await other.rollback()

        total = await recalculate(life.sessions, holiday, life.now, limit=4)
        assert total.tickets == 4
        await release()
    total = await recalculate(life.sessions, holiday, life.now, limit=4, after=total.last)
    assert (total.tickets, total.last) == (3, 0)


async def test_a_seed_with_another_calendar_has_it_done_by_the_worker(life, yinchuan, monkeypatch):
    await life.begin()
    await life.to_handling()
    due = (await life.ticket()).due
    changed = with_days(yinchuan, day_off(5, city=yinchuan))
    async with life.sessions() as db:
        await seed(db, changed)
        await db.commit()
    (row,) = await life.rows("SELECT topic, payload FROM outbox WHERE topic = :topic", topic=TOPIC)
    assert row["payload"]["days"] == ["2026-11-05", "2026-11-05"]
    with pytest.raises(CityBehindError):
        await recalculate_job(life.sessions, row["payload"])
    monkeypatch.setattr("app.jobs.drafting.load", lambda _: changed)
    monkeypatch.setattr("app.jobs.recalculation.utc_now", lambda: life.now)
    now = datetime.now(tz=life.now.tzinfo) + timedelta(days=1)
    for number in await claim(life.sessions, now):
        await perform(life.sessions, {TOPIC: recalculate_job}, number, now)
    assert (await life.ticket()).due == due + timedelta(days=1)
    assert await life.rows("SELECT 1 FROM outbox WHERE topic = :topic AND done_at IS NULL", topic=TOPIC) == []


async def test_a_seed_that_leaves_the_calendar_alone_recalculates_nothing(life, yinchuan):
    await life.begin()
    places = tuple(replace(place, name=f"{place.name}") for place in yinchuan.places[:-1])
    async with life.sessions() as db:
        await seed(db, replace(yinchuan, places=places))
        await db.commit()
    assert await life.rows("SELECT 1 FROM outbox WHERE topic = :topic", topic=TOPIC) == []
    assert AppSettings().city == "yinchuan"


async def test_the_command_shows_first_and_does_then(life, holiday, seeded_url, hotline, monkeypatch):
    await life.begin()
    await life.to_handling()
    before = await life.ticket()
    monkeypatch.setenv("HOTLINE_DATABASE_URL", seeded_url)
    monkeypatch.setattr("app.cli.recalculate.load", lambda _: holiday.city)
    monkeypatch.setattr("app.cli.recalculate.utc_now", lambda: life.now)
    shown = await asyncio.to_thread(hotline, "recalculate", "--dry-run")
    assert shown.code == 0
    told = shown.json
    assert (told["dry_run"], told["tickets"], told["dues"]) == (True, 1, 2)
    assert {moved["no"] for moved in told["moved"]} == {life.no}
    assert (await life.ticket()).due == before.due
    done = (await asyncio.to_thread(hotline, "recalculate")).json
    assert (done["dry_run"], done["tickets"], "moved" in done) == (False, 1, False)
    assert (await life.ticket()).due == before.due + timedelta(days=1)


async def test_what_a_missing_year_kept_from_being_armed_is_armed_once_it_is_known(life, yinchuan):
    life.now = datetime(2026, 12, 23, 9, 0, tzinfo=SHANGHAI)  # due on the 30th, supervised on the 31st, named in 2027
    await life.begin()
    await life.to_handling()
    life.now = datetime(2026, 12, 31, 19, 0, tzinfo=SHANGHAI)
    await catch_up(life.sessions, life.book, life.now)
    assert (await life.ticket()).supervise_level == 1
    (finish,) = await life.rows("SELECT stage, next_at FROM clocks WHERE kind = 'finish'")
    assert (finish["stage"], finish["next_at"]) == (3, None)
    national = yinchuan.layers[0]
    new_year = CalendarDay(date(2027, 1, 1), False, national.name, "元旦", NOTICE)
    layer = replace(national, years=(*national.years, 2027), days=(*national.days, new_year))
    known = Rulebook.of(replace(yinchuan, layers=(layer, *yinchuan.layers[1:])))
    done = await _again(life, known)
    assert done.moved == []
    (finish,) = await life.rows("SELECT stage, next_at FROM clocks WHERE kind = 'finish'")
    assert finish["next_at"] == datetime(2027, 1, 7, 18, 0, tzinfo=SHANGHAI)
    await catch_up(life.sessions, known, finish["next_at"])
    assert (await life.ticket()).circulated is True
