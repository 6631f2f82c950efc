"""Taking appeals in over HTTP: what agents write down, and what citizens send themselves."""

from __future__ import annotations

import unicodedata

from litestar import Controller, Response, post
from litestar.datastructures import State
from litestar.params import JSONBody

from app.api.etag import etag
from app.api.idempotency import Answer, KeyHeader
from app.auth.guards import may, same_origin
from app.auth.policy import Permission
from app.db import Db
from app.intake.allowance import network_of
from app.intake.answering import take_in
from app.intake.appeal import NewAppeal
from app.intake.checks import one_of, refuse_loops
from app.intake.errors import ConsentError, NothingSaidError
from app.intake.schemas import PublicAppeal, PublicReceipt, Registered, receipt, registered
from app.problems import AnyRequest
from app.tickets.party import CITIZEN, party_of
from models.codes import Channel
from models.ticket import Ticket

_MOST_BYTES = 256 * 1024
_PUBLIC = frozenset({Channel.WECHAT, Channel.APP, Channel.PORTAL, Channel.SERVICE_NET})
_FEWEST_LETTERS, _FEWEST_DIFFERENT = 4, 3


@post(
    "/api/tickets",  # a function: two controllers cannot share a path
    operation_id="registerTicket",
    tags=["intake"],
    guards=[same_origin, may(Permission.TICKETS_REGISTER)],
    request_max_body_size=_MOST_BYTES,
)
async def register_ticket(
    request: AnyRequest,
    db: Db,
    state: State,
    data: JSONBody[NewAppeal],
    key: KeyHeader = None,
) -> Response[Registered]:
    """Make a ticket of a letter, a visit, an SMS, what 110 hands over …, judged right afterwards.

    What the agent has decided stands.
    """
    refuse_loops(data.channel)
    party, now = party_of(request.user), state.now()

    def answer_of(ticket: Ticket) -> Answer:
        return Answer.of(registered(ticket), Location=f"/api/tickets/{ticket.no}", ETag=etag(ticket.version))

    return await take_in(request, state, db, data, party, now, key, answer_of)


class PublicIntake(Controller):
    """The citizen's own form. Nobody signs in for it."""

    path = "/api/public/appeals"
    tags = ("public",)

    @post(operation_id="submitAppeal", request_max_body_size=_MOST_BYTES)
    async def submit(
        self,
        request: AnyRequest,
        db: Db,
        state: State,
        data: JSONBody[PublicAppeal],
        key: KeyHeader = None,
    ) -> Response[PublicReceipt]:
        """Hand an appeal in; number and query code come back, by SMS too where a mobile number was left."""
        now = state.now()
        state.allowance.take(network_of(request.client.host if request.client else None), now)
        if not data.consent:
            raise ConsentError("请阅读并同意个人信息使用说明后再提交")
        one_of(data.channel, _PUBLIC)
        _telling(data.content)

        def answer_of(ticket: Ticket) -> Answer:
            return Answer.of(receipt(ticket))

        return await take_in(request, state, db, data.appeal(), CITIZEN, now, key, answer_of, {"consent": True})


def _telling(content: str) -> None:
    letters = [letter for letter in content if unicodedata.category(letter)[0] in "LN"]
    if len(letters) < _FEWEST_LETTERS or len(set(letters)) < _FEWEST_DIFFERENT:
        raise NothingSaidError("请写明您反映的事项，例如时间、地点和具体情况")
