"""Who is asking, and whether they may."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
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
from telephony.events import SECRET_HEADER

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
        user = await identity_of(connection.app.state.direct, token, utc_now())
        return AuthenticationResult(user=user, auth=token)


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


def knows_the_secret(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard: another program that shares the internal secret."""
    given = connection.headers.get(SECRET_HEADER, "")
    if not hmac.compare_digest(given.encode(), connection.app.state.internal_secret.encode()):
        raise NotAuthorizedException(detail="内部接口密钥错误")


def of_this_machine_or(*wanted: Permission) -> Any:
    """Guard: a peer on this machine, one that knows the internal secret, or somebody with one of these permissions.

    What a proxy passes on comes from this machine too, but is not asked by it.
    """
    permitted = may(*wanted)

    def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        given = connection.headers.get(SECRET_HEADER, "")
        if hmac.compare_digest(given.encode(), connection.app.state.internal_secret.encode()):
            return
        if not (_is_local(connection) and _FORWARDED.isdisjoint(connection.headers.keys())):
            permitted(connection, handler)

    return guard


_FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"})


def _is_local(connection: Connection) -> bool:
    try:
        return connection.client is not None and ip_address(connection.client.host).is_loopback
    except ValueError:
        return False


def same_origin(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard: what changes something must come from our own pages (besides SameSite)."""
    if connection.scope.get("method") in _SAFE or connection.cookies.get(COOKIE) is None:
        return
    origin = connection.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != connection.headers.get("host"):
        raise PermissionDeniedException(detail="请求来源不符")
