"""What telephony tells of a call, as it tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.intake import store
from telephony import events

START = datetime(2026, 11, 24, 2, tzinfo=UTC)
"""Tuesday 10:00 in the city."""

CONSULT = "我想咨询一下公积金怎么提取"
"""Sure enough to be dispatched without a person."""
REPORT = "举报有人卖假药"
"""举报: a person always confirms."""
FIRE = "我家着火了,救命啊,金凤区上海西路"


class Story:
    """One call: each method tells one event; ``START`` plus as many seconds as events were told."""

    def __init__(self, call_id: str = "c1", ani: str = "13900000001") -> None:
        self.call_id = call_id
        self.ani = ani
        self.told: list[events.Envelope] = []

    def tell(self, payload: Any, **changes: Any) -> events.Envelope:
        """Any payload: a struct of the contract, or a mapping as another version might send it."""
        seq = len(self.told) + 1
        event = events.Envelope(
            self.call_id, seq, START + timedelta(seconds=seq), "node1", msgspec.to_builtins(payload)
        )
        self.told.append(msgspec.structs.replace(event, **changes))
        return self.told[-1]

    def arrived(self) -> events.Envelope:
        return self.tell(events.Arrived(ani=self.ani, dialled="12345", sip_call_id="sip-1", source="10.0.0.1:5060"))

    def answered(self) -> events.Envelope:
        return self.tell(events.Answered(by="system", setup_ms=42.5))

    def utterance(self, index: int = 1, part: int = 1, start: float = 1.0, side: Any = "citizen") -> events.Envelope:
        return self.tell(events.Utterance(index, side, part, start, start + 2))

    def caption(
        self, said: str, index: int = 1, part: int = 1, start: float = 1.0, side: Any = "citizen"
    ) -> events.Envelope:
        return self.tell(events.Caption(index, side, part, start, start + 2, said, "base", -0.3))

    def recording(self, parts: int = 1) -> events.Envelope:
        return self.tell(
            events.Recording(
                [events.RecordingPart("citizen", part, f"2026/{self.call_id}/{part}.wav", 4.5)
                 for part in range(1, parts + 1)]
            )
        )  # fmt: skip

    def ended(self, outcome: Any = "appeal", utterances: int = 1, **changes: Any) -> events.Envelope:
        number = f"1234520261124{self.call_id[1:]:0>5}"
        spoken = outcome in {"appeal", "partial"}
        payload = events.Ended("citizen", 16, outcome, 12.5, utterances, "1#", number if spoken else None)
        return self.tell(msgspec.structs.replace(payload, **changes))


def whole(said: str, call_id: str = "c1", outcome: Any = "appeal", ani: str = "13900000001", **ended: Any) -> Story:
    """A call of one utterance from the first ring to the text."""
    story = Story(call_id, ani)
    story.arrived()
    story.answered()
    story.utterance()
    story.recording()
    story.ended(outcome, **ended)
    story.caption(said)
    return story


async def bring(db: AsyncSession, *stories: Story) -> events.Receipt:
    """Deliver all that the stories tell, and commit."""
    receipt = await store(db, [event for story in stories for event in story.told])
    await db.commit()
    return receipt


async def rows(db: AsyncSession, query: str, **values: Any) -> list[Any]:
    """All rows of a query, as tuples (of one column: as values)."""
    found = (await db.execute(text(query), values)).all()
    return [row[0] if len(row) == 1 else tuple(row) for row in found]
