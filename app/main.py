"""The web app: composition only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.attachments import wiring as attachments
from app.auth.controllers import Auth
from app.auth.guards import SessionAuthentication
from app.auth.services import HashingQueue
from app.callbacks.controllers import Callbacks
from app.calls.controllers import CallEvents
from app.citizens import wiring as citizens
from app.city_watch import CITY_WATCH_S, CityWatch
from app.clock import utc_now
from app.db import provide_session
from app.evaluations.controllers import PublishedRatings, RatingIntake, Ratings
from app.instance import database_url, ensure_secret
from app.intake import wiring as intake
from app.jobs.loops import forever
from app.log import configure_logging
from app.messages.controllers import Messages
from app.metrics import REQUEST_SECONDS
from app.pages.controllers import Pages
from app.pages.live import LiveNews
from app.problems import HANDLERS
from app.settings import AppSettings
from app.system.controllers import Health
from app.tickets.action_controllers import TicketActions
from app.tickets.controllers import Calls, Tickets
from app.tickets.live import TicketNews
from app.tickets.live_controllers import Live
from app.tickets.rulebook import provide_book, read_rulebook
from app.tickets.units import UnitTree
from models.direct import Direct
from models.session import engine, sessions

_STATIC = Path(__file__).parent / "pages" / "static"
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "media-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def _measure(app: ASGIApp) -> ASGIApp:
    """Seconds of each request, by route."""

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, watched)
        finally:
            route = str(scope.get("path_template", "other"))
            REQUEST_SECONDS.labels(route, str(status)).observe(time.perf_counter() - started)

    return middleware


def create_app(settings: AppSettings | None = None) -> Litestar:
    """The ASGI application. It starts while the database is down, and is ready once that is up."""
    configure_logging()
    settings = settings or AppSettings()
    url = database_url(settings)
    db = engine(url)

    def renew() -> None:
        app.state.book = read_rulebook(settings)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        app.state.live.start()
        watch = asyncio.create_task(forever("city", CityWatch(app.state.sessions, renew).once, first_s=CITY_WATCH_S))
        yield
        watch.cancel()
        await asyncio.gather(watch, app.state.live.stop(), return_exceptions=True)
        await app.state.direct.close()
        await db.dispose()

    app = Litestar(
        route_handlers=[
            Auth,
            Callbacks,
            CallEvents,
            Calls,
            Health,
            Live,
            Messages,
            Pages,
            PublishedRatings,
            RatingIntake,
            Ratings,
            TicketActions,
            Tickets,
            *attachments.ROUTES,
            *citizens.ROUTES,
            *intake.ROUTES,
            create_static_files_router(path="/static", directories=[_STATIC], include_in_schema=False),
        ],
        dependencies={"book": Provide(provide_book), "db": Provide(provide_session)},
        middleware=[_measure, DefineMiddleware(SessionAuthentication, exclude=["^/static", "^/health"])],
        exception_handlers=HANDLERS,
        before_send=[_secure],
        logging_config=None,  # ours, see app.log
        lifespan=[lifespan],
        openapi_config=OpenAPIConfig(
            title="12345 热线",
            version="0.1.0",
            description="工单与通话接口",
            path="/schema",
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
        ),
    )
    app.state.settings = settings
    app.state.sessions = sessions(db)
    app.state.direct = Direct(url)
    app.state.internal_secret = ensure_secret(settings.internal_secret_file)
    app.state.ticket_news = TicketNews(app.state.sessions)
    app.state.live = LiveNews(url, app.state.ticket_news.note)
    app.state.hashing = HashingQueue()
    app.state.book = read_rulebook(settings)
    app.state.units = UnitTree()
    app.state.now = utc_now
    attachments.prepare(app.state, settings)
    citizens.prepare(app.state)
    intake.prepare(app.state)
    return app


async def _secure(message: Message, _: Scope) -> None:
    """On every answer, errors too."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _SECURITY_HEADERS.items():
            headers.setdefault(name, value)
