"""Who is asking, and whether they may."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from app.auth.policy import Permission
from app.auth.services import Identity, identity_of
from app.clock import utc_now

COOKIE = "hotline_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Connection = ASGIConnection[Any, Identity | None, str | None, State]


class SessionAuthentication(AbstractAuthenticationMiddleware):
    """The session cookie → ``request.user`` (None: nobody is signed in)."""

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        """Look the token up."""
        token = connection.cookies.get(COOKIE)
        if not token:
            return AuthenticationResult(user=None, auth=None)
        async with connection.app.state.sessions() as db:
            return AuthenticationResult(user=await identity_of(db, token, utc_now()), auth=token)


def signed_in(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard: anybody who is signed in."""
    if connection.user is None:
        raise NotAuthorizedException(detail="请先登录")


def may(*wanted: Permission) -> Any:
    """Guard: one of these permissions."""

    def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        signed_in(connection, handler)
        assert connection.user is not None
        if not connection.user.permissions & set(wanted):
            raise PermissionDeniedException(detail="您的角色没有此项权限")

    return guard


def same_origin(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard: what changes something must come from our own pages (besides SameSite)."""
    if connection.scope.get("method") in _SAFE or connection.cookies.get(COOKIE) is None:
        return
    origin = connection.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != connection.headers.get("host"):
        raise PermissionDeniedException(detail="请求来源不符")
