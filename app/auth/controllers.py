"""Sign-in, sign-out, and who am I."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.params import JSONBody

from app.auth.guards import COOKIE, same_origin, signed_in
from app.auth.services import sign_in, sign_out
from app.clock import utc_now
from app.db import Db
from app.problems import AnyRequest


class Credentials(msgspec.Struct):
    """Login and password."""

    login: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Me(msgspec.Struct):
    """The signed-in user."""

    login: str
    name: str
    unit: str | None
    roles: list[str]
    role_names: list[str]
    permissions: list[str]


class Auth(Controller):
    """Under /auth."""

    path = "/auth"
    tags = ("auth",)
    guards = (same_origin,)

    @post("/sign-in", operation_id="signIn", status_code=204)
    async def sign_in(self, data: JSONBody[Credentials], db: Db, state: State) -> Response[None]:
        """Sign in; the session is in a cookie that scripts cannot read."""
        lifetime = timedelta(hours=state.settings.session_hours)
        async with state.hashing.turn():  # before the database is asked: who waits holds no connection
            token = await sign_in(db, data.login, data.password, utc_now(), lifetime)
        cookie = Cookie(
            COOKIE,
            value=token,
            httponly=True,
            secure=state.settings.secure_cookies,
            samesite="lax",
            path="/",
            max_age=int(lifetime.total_seconds()),
        )
        return Response(None, status_code=204, cookies=[cookie])

    @post("/sign-out", operation_id="signOut", status_code=204, guards=[signed_in])
    async def sign_out(self, request: AnyRequest, db: Db) -> Response[None]:
        """End this session."""
        await sign_out(db, request.auth, utc_now())
        return Response(None, status_code=204, cookies=[Cookie(COOKIE, value="", max_age=0, path="/")])

    @get("/me", operation_id="getMe", guards=[signed_in])
    async def me(self, request: AnyRequest) -> Me:
        """Who is signed in and what they may do."""
        user = request.user
        roles = sorted(user.roles)
        return Me(
            login=user.login,
            name=user.name,
            unit=user.unit,
            roles=[role.value for role in roles],
            role_names=[role.label for role in roles],
            permissions=sorted(user.permissions),
        )
