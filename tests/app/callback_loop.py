"""The loop after an answer, on a clock that is set: a gateway that remembers, a front door that plays citizens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from app.callbacks.jobs import CallbackJobs, number_of
from app.callbacks.planning import CLOSE_CALLBACK
from app.callbacks.sweeping import sweep_callbacks
from app.calls.orders import PLACE_CALL, placing
from app.calls.placed import CALLBACK_CALL_DONE, tell_done
from app.calls.telephony_door import OrderRefusedError
from app.jobs.outbox import Handler, claim, perform
from app.messages.sending import Sender
from app.messages.settings import MessageSettings
from app.messages.writing import SEND_TOPIC
from app.tickets.party import CITIZEN
from app.tickets.ticker import catch_up
from models.call import Call
from models.codes import Role
from models.workflow_codes import TicketAction as A
from telephony.ids import new_call_id
from telephony.orders import Accepted, Order, Refusal
from tests.fixtures.life import CALLER, DISPATCHER, SUPERVISOR, UNIT, Life, of_unit

SOLVED = {"1": "solved", "2": "partly", "3": "unsolved"}
SATISFIED = {
    "1": "very_satisfied", "2": "satisfied", "3": "basically_satisfied", "4": "dissatisfied", "5": "very_dissatisfied",
}  # fmt: skip


@dataclass
class Loop:
    """``picks_up``: digits a citizen presses (solved, satisfied) for each call to come; "": nobody is there."""

    life: Life
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    """Message id, recipient, text."""
    called: list[tuple[str, datetime]] = field(default_factory=list)
    picks_up: list[str] = field(default_factory=list)
    refuses: list[Exception] = field(default_factory=list)
    """What the front door says to the next orders."""
    loses: bool = False
    """The front door takes orders and tells of nothing."""

    def handlers(self) -> dict[str, Handler]:
        jobs = CallbackJobs(lambda: self.life.book, lambda: self.life.now)
        settings = MessageSettings(public_url="https://12345.test")
        templates = self.life.book.city.messages
        return {
            SEND_TOPIC: Sender(self, lambda: templates, settings, lambda: "secret", lambda: self.life.now),
            PLACE_CALL: placing(number_of, self, lambda: self.life.now),
            CALLBACK_CALL_DONE: jobs.call_done,
            CLOSE_CALLBACK: jobs.close,
        }

    # ---- the gateway's and the front door's part

    async def send(self, message_id: str, recipient: str, text: str) -> None:
        self.sent.append((message_id, recipient, text))

    async def give(self, order: Order) -> Accepted:
        if self.refuses:
            raise self.refuses.pop(0)
        if order.expires_at <= self.life.now:
            raise OrderRefusedError(Refusal("order.expired", "外呼任务已过期", retry=False))
        call_id = new_call_id()
        self.called.append((order.number, self.life.now))
        if not self.loses:
            await self.call(order.order_id, call_id, self.picks_up.pop(0) if self.picks_up else "")
        return Accepted(order.order_id, call_id, repeated=False)

    async def call(self, order_id: str, call_id: str, digits: str, outcome: str | None = None) -> None:
        """What the record has when a call of ours is over."""
        questions = (("solved", SOLVED), ("satisfied", SATISFIED))
        answers = {
            name: {"digit": digit, "answer": meanings[digit]}
            for (name, meanings), digit in zip(questions, digits, strict=False)
        }
        if outcome is None:
            outcome = ("unanswered", "partly_surveyed", "surveyed")[len(digits)]
        async with self.life.sessions() as db:
            db.add(
                Call(
                    id=call_id, node="n1", direction="out", order_id=order_id, started_at=self.life.now,
                    ended_at=self.life.now, outcome=outcome, survey="callback", answers=answers,
                )
            )  # fmt: skip
            await db.flush()
            await tell_done(db, order_id, call_id)
            await db.execute(text("UPDATE outbox SET available_at = :now WHERE payload ->> 'call_id' = :id"),
                             {"now": self.life.now, "id": call_id})  # fmt: skip
            await db.commit()

    # ---- the worker's

    async def work(self) -> None:
        """All that is due now."""
        while rows := await claim(self.life.sessions, self.life.now):
            for row in rows:
                await perform(self.life.sessions, self.handlers(), row, self.life.now)
            await self._not_later()

    async def _not_later(self) -> None:
        """What a refusal is told by is due on the clock that is set, not on the machine's."""
        async with self.life.sessions() as db:
            told = "UPDATE outbox SET available_at = :now WHERE payload ? 'refused' AND done_at IS NULL"
            await db.execute(text(told), {"now": self.life.now})
            await db.commit()

    async def until(self, moment: datetime, *, ticking: bool = False) -> None:
        """Half an hour after half an hour, with a worker at work."""
        while self.life.now < moment:
            await self.work()
            self.life.now = min(self.life.now + timedelta(minutes=30), moment)
            if ticking:
                await catch_up(self.life.sessions, self.life.book, self.life.now)
            await sweep_callbacks(self.life.sessions, self.life.book, self.life.now)
        await self.work()

    # ---- people's

    @property
    def texts(self) -> list[str]:
        return [said for _, _, said in self.sent]

    def token(self) -> str:
        """Of the newest link."""
        return [found[1] for said in self.texts if (found := re.search(r"/r/\w+#([\w-]+)", said, re.ASCII))][-1]

    async def callbacks(self) -> list[tuple[Any, ...]]:
        """(round, mode, result) of each, in order."""
        rows = await self.life.rows("SELECT round, mode, result FROM callbacks ORDER BY round, try_no")
        return [tuple(row.values()) for row in rows]

    async def planned(self) -> list[tuple[str, datetime]]:
        rows = await self.life.rows(
            "SELECT mode, planned_at FROM callbacks WHERE result = 'planned' AND mode <> 'sms' ORDER BY id"
        )
        return [(row["mode"], row["planned_at"].astimezone(self.life.book.calendar.zone)) for row in rows]

    async def rated(self, satisfied: int, solved: int = 1, **more: Any) -> Any:
        """By the citizen, over his link."""
        said = {"callback_result": "answered", "satisfied": satisfied, "solved": solved, "mode": "sms", **more}
        return await self.life.do(A.RECORD_CALLBACK, CITIZEN, **said)

    async def person(self, result: str, **more: Any) -> Any:
        """Of the hotline, who has called him."""
        return await self.life.do(A.RECORD_CALLBACK, CALLER, callback_result=result, mode="human", **more)

    async def reworked(self) -> None:
        """The unit does it again, and the hotline accepts that."""
        self.life.later(hours=2)
        await self.life.do(
            A.SUBMIT_REPLY, of_unit(UNIT, Role.UNIT_HANDLER), text="再次检修", public_reply="已再次修复", solved=1
        )
        await self.life.do(A.SIGN_OFF, of_unit(UNIT, Role.UNIT_APPROVER))
        await self.life.do(A.ACCEPT_REPLY, DISPATCHER)
        await self.work()

    async def lifted(self) -> None:
        """The unit answers for the supervision, which is lifted."""
        await self.life.do(A.ANSWER_SUPERVISION, of_unit(UNIT, Role.UNIT_APPROVER), text="已约谈责任人")
        await self.life.do(A.LIFT_SUPERVISION, SUPERVISOR, reason="整改到位")
        await self.work()
