"""Creating one thing however often it is asked for: ``Idempotency-Key`` (a key of the client's own choice).

The key is written in the transaction of what it creates: a crash leaves both or neither, and a second request with
the same key waits for the first one's end and is given its answer.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import HeaderParameter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import HotlineError
from app.problems import AnyRequest
from models.direct import Direct
from models.idempotency import KEPT

_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_REPEATED = "Idempotent-Replayed"
_CLAIM = text(
    "INSERT INTO idempotency_keys AS k (actor, key, fingerprint, status, body, headers, at) "
    "VALUES (:actor, :key, :fingerprint, 0, '', '{}', :at) ON CONFLICT (actor, key) DO UPDATE SET "
    "fingerprint = excluded.fingerprint, status = 0, body = '', headers = '{}', at = excluded.at "
    "WHERE k.at <= :forgotten RETURNING k.key"
)
CLAIMED = (
    "INSERT INTO idempotency_keys AS k (actor, key, fingerprint, status, body, headers, at) "
    "VALUES (%(actor)s, %(key)s, %(fingerprint)s, %(status)s, %(body)s, CAST(%(headers)s AS jsonb), %(claimed_at)s) "
    "ON CONFLICT (actor, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status, "
    "body = excluded.body, headers = excluded.headers, at = excluded.at WHERE k.at <= %(forgotten)s RETURNING k.key"
)
"""For a statement that claims a key and does all its work where this gives a row: values of :class:`Claim`."""
_KEPT = "SELECT fingerprint, status, body, headers FROM idempotency_keys WHERE actor = %(actor)s AND key = %(key)s"
_ANSWER = text(
    "UPDATE idempotency_keys SET status = :status, body = :body, headers = CAST(:headers AS jsonb) "
    "WHERE actor = :actor AND key = :key"
)

KeyHeader = Annotated[
    str | None, HeaderParameter(name="Idempotency-Key", description="同一请求重发时使用同一个值，24 小时内有效")
]
"""A route's parameter."""


class KeyInvalidError(HotlineError):
    """The key is longer than 128 characters, or holds others than visible ASCII."""

    id = "idempotency.invalid"
    status = 400


class KeyReusedError(HotlineError):
    """The key came before with something else."""

    id = "idempotency.reused"
    status = 422


@dataclass(frozen=True, slots=True)
class Answer:
    """What a creation is answered with, now and each time it is asked for again. ``body``: JSON."""

    body: bytes
    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)
    repeated: bool = False

    @classmethod
    def of(cls, content: Any, status: int = 201, **headers: str) -> Answer:
        """Of a record; the names of headers with "_" for "-"."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return cls(msgspec.json.encode(content), status, named)

    def response(self) -> Response[Any]:
        """Over HTTP; whoever asks again is told so by a header."""
        headers = {**self.headers, **({_REPEATED: "true"} if self.repeated else {})}
        return Response(msgspec.Raw(self.body), status_code=self.status, headers=headers)


@dataclass(frozen=True, slots=True)
class Claim:
    """A key for work that is one statement, whose answer is known before. KeyInvalidError: see :func:`once`."""

    actor: str
    key: str
    fingerprint: str
    at: datetime
    answer: Answer

    def __post_init__(self) -> None:
        _check(self.key)

    def values(self) -> dict[str, Any]:
        """For :data:`CLAIMED`."""
        headers = msgspec.json.encode(self.answer.headers).decode()
        return {"actor": self.actor, "key": self.key, "fingerprint": self.fingerprint, "claimed_at": self.at,
                "forgotten": self.at - KEPT, "status": self.answer.status, "body": self.answer.body,
                "headers": headers}  # fmt: skip

    async def kept(self, direct: Direct) -> Answer:
        """What was answered when the key was used. KeyReusedError: it was for something else."""
        row = await direct.row(_KEPT, {"actor": self.actor, "key": self.key})
        return _again(row, self.fingerprint)


async def fingerprint_of(request: AnyRequest) -> str:
    """SHA-256 of a request's method, path and body."""
    digest = sha256(f"{request.method} {request.url.path}\n".encode())
    digest.update(await request.body())
    return digest.hexdigest()


async def once(
    db: AsyncSession,
    actor: str,
    key: str | None,
    fingerprint: str,
    now: datetime,
    work: Callable[[], Awaitable[Answer]],
) -> Answer:
    """Do ``work`` and commit, or give the answer of the time it was done. Without a key it is simply done.

    ``work`` writes with ``db`` and must not commit. What it raises is raised, and then the key is free again.

    Raises:
        KeyInvalidError, KeyReusedError: see there.
    """
    if key is None:
        answer = await work()
        await db.commit()
        return answer
    _check(key)
    if not await _claim(db, actor, key, fingerprint, now):
        return await _kept(db, actor, key, fingerprint)
    try:
        answer = await work()
    except BaseException:
        await db.rollback()
        raise
    headers = msgspec.json.encode(answer.headers).decode()
    values = {"actor": actor, "key": key, "status": answer.status, "body": answer.body, "headers": headers}
    await db.execute(_ANSWER, values)
    await db.commit()
    return answer


async def _claim(db: AsyncSession, actor: str, key: str, fingerprint: str, now: datetime) -> bool:
    """Write the key; waits for another transaction that is writing it. False: it has been used."""
    values = {"actor": actor, "key": key, "fingerprint": fingerprint, "at": now, "forgotten": now - KEPT}
    return (await db.execute(_CLAIM, values)).scalar_one_or_none() is not None


async def _kept(db: AsyncSession, actor: str, key: str, fingerprint: str) -> Answer:
    query = text("SELECT fingerprint, status, body, headers FROM idempotency_keys WHERE actor = :actor AND key = :key")
    row = (await db.execute(query, {"actor": actor, "key": key})).one()
    await db.rollback()
    return _again(row, fingerprint)


def _again(row: Any, fingerprint: str) -> Answer:
    if row.fingerprint != fingerprint:
        raise KeyReusedError("该 Idempotency-Key 已用于另一个请求，请换用新的值")
    return Answer(row.body, row.status, row.headers, repeated=True)


def _check(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise KeyInvalidError("Idempotency-Key 应为 1 至 128 个可见的英文字符")
