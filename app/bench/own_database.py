"""A PostgreSQL of a measurement's own in a temporary folder: migrated, with the city in it, gone afterwards."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.postgres import EmbeddedPostgres
from app.seeding import seed
from models import migrate
from models.session import engine, sessions
from routing.city.schema import City


@contextmanager
def own_database(city: City) -> Iterator[str]:
    """Its URL; the server is the one ``hotline up`` starts, with the same settings."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # PostgreSQL's own user goes through
        server = EmbeddedPostgres(root / "postgres", root / "socket")
        url = server.start()
        try:
            migrate.upgrade(url)
            asyncio.run(_seed(url, city))
            yield url
        finally:
            server.stop()


async def _seed(url: str, city: City) -> None:
    db_engine = engine(url)
    async with sessions(db_engine)() as db:
        await seed(db, city)
        await db.commit()
    await db_engine.dispose()
