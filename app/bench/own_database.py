"""A PostgreSQL of a measurement's own: migrated, with the city in it; in a temporary folder it is gone afterwards."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.embedded.postgres import EmbeddedPostgres
from app.seeding import seed
from models import migrate
from models.session import engine, sessions
from routing.city.schema import City


@contextmanager
def own_database(city: City, folder: Path | None = None) -> Iterator[str]:
    """Its URL; the server is the one ``hotline up`` starts, with the same settings. ``folder``: what is in it stays."""
    with ExitStack() as stack:
        root = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotline-bench-")))
        root.mkdir(parents=True, exist_ok=True)
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
