"""Health, readiness, metrics."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Controller, MediaType, Response, get
from litestar.datastructures import State
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.auth.guards import of_this_machine_or
from app.auth.policy import Permission
from app.metrics import told
from models.migrate import head


class Health(Controller):
    """Health answers everybody; metrics this machine, and whoever may read them."""

    tags = ("system",)

    @get("/health/live", operation_id="getLiveness")
    async def live(self) -> dict[str, str]:
        """The process answers."""
        return {"status": "live"}

    @get("/health/ready", operation_id="getReadiness")
    async def ready(self, state: State) -> Response[dict[str, Any]]:
        """Whether requests can be served: the database answers and is of this version."""
        try:
            async with asyncio.timeout(3), state.sessions() as db:
                revision = (await db.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
        except (DBAPIError, TimeoutError, OSError):
            return Response({"status": "unready", "database": "unreachable"}, status_code=503)
        if revision != head():
            return Response({"status": "unready", "database": "other version"}, status_code=503)
        return Response({"status": "ready", "database": "ok"})

    @get(
        "/metrics",
        operation_id="getMetrics",
        media_type=MediaType.TEXT,
        guards=[of_this_machine_or(Permission.METRICS_READ)],
    )
    async def metrics(self) -> Response[bytes]:
        """Prometheus' text format; no personal data."""
        return Response(told(), media_type=CONTENT_TYPE_LATEST)
