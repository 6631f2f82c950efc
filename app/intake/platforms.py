"""Which other platform is asking: by its key."""

from __future__ import annotations

import hmac

from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler

from app.auth.guards import Connection
from app.intake.keys import platform_of
from telephony.events import SECRET_HEADER


def known_platform(connection: Connection, _: BaseRouteHandler) -> None:
    """Guard: a platform with a key, which is noted on the connection; whoever has the internal secret is none."""
    state = connection.app.state
    connection.state.platform = None
    given = connection.headers.get(SECRET_HEADER, "")
    if given and hmac.compare_digest(given.encode(), state.internal_secret.encode()):
        return
    kind, _sign, key = connection.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and key:
        connection.state.platform = platform_of(state.settings.data_dir, key.strip())
    if connection.state.platform is None:
        raise NotAuthorizedException(detail="接口密钥错误")
