"""Files over HTTP: up by anybody who may write something, down by whoever may see their ticket."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from litestar.response import File
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from app.attachments.errors import NoAttachmentError, QuarantinedError
from app.attachments.form import UploadOperation
from app.attachments.schemas import Uploaded, uploaded
from app.attachments.services import Upload, find_file, take_in
from app.auth.guards import may, same_origin
from app.auth.policy import Permission
from app.db import Db
from app.intake.allowance import network_of
from app.problems import AnyRequest
from app.tickets.errors import NoTicketError
from app.tickets.party import CITIZEN
from app.tickets.scope import Scope, find_visible, scope_of
from models.attachment import Attachment
from models.ledger import append_audit
from models.ticket import Ticket
from models.workflow_codes import ScanState


class Attachments(Controller):
    """Files of tickets. Their bytes are counted while they come: see app.attachments.receiving."""

    path = "/api/attachments"
    tags = ("attachments",)
    guards = (same_origin, may(Permission.CONTENT_READ))

    @post(
        operation_id="uploadAttachment", operation_class=UploadOperation, request_max_body_size=None
    )  # counted while it comes: app.attachments
    async def upload(self, request: AnyRequest, db: Db, state: State) -> Uploaded:
        """A form with the file in the field ``file``; named by its id it is then given to a ticket."""
        return uploaded(*await take_in(db, state.depot, upload_of(request), request.user.actor, state.now()))

    @get("/{attachment_id:int}", operation_id="getAttachment")
    async def download(self, request: AnyRequest, db: Db, state: State, attachment_id: FromPath[int]) -> File:
        """To be saved, never shown by the browser; that it was read is recorded."""
        now = state.now()
        attachment, stored = await find_file(db, attachment_id)
        ticket = await _ticket_of(db, await scope_of(db, state.units, request.user, now), attachment)
        if ticket is None and attachment.by != request.user.actor:
            raise NoAttachmentError("没有这个附件")
        if stored.scan == ScanState.INFECTED:
            raise QuarantinedError("该文件未通过病毒检查，不能下载")
        path = state.depot.store.path_of(stored.sha256)
        if not path.is_file():
            raise NoAttachmentError("附件文件不在本机")
        await append_audit(
            db,
            request.user.actor,
            "attachment.read",
            f"attachment:{attachment_id}",
            now,
            {"ticket": ticket} if ticket else {},
        )
        await db.commit()
        return File(path, filename=attachment.name, media_type=stored.media_type, content_disposition_type="attachment")


class PublicAttachments(Controller):
    """Files of citizens, for the appeal they are about to send."""

    path = "/api/public/attachments"
    tags = ("public",)

    @post(operation_id="uploadPublicAttachment", operation_class=UploadOperation, request_max_body_size=None)
    async def upload(self, request: AnyRequest, db: Db, state: State) -> Uploaded:
        """As for those who are signed in; so many an hour."""
        now = state.now()
        state.file_allowance.take(network_of(request.client.host if request.client else None), now)
        return uploaded(*await take_in(db, state.depot, upload_of(request), CITIZEN.name, now))


def upload_of(request: AnyRequest) -> Upload:
    """What a request brings."""
    length = request.headers.get("content-length", "")
    return Upload(
        request.stream(), request.headers.get("content-type", ""), int(length) if length.isdecimal() else None
    )


async def _ticket_of(db: AsyncSession, scope: Scope, attachment: Attachment) -> str | None:
    """The number of its ticket; None: it has none yet. NoAttachmentError: that ticket is not theirs to see."""
    if attachment.ticket_id is None:
        return None
    no = (await db.execute(select(col(Ticket.no)).where(col(Ticket.id) == attachment.ticket_id))).scalar_one()
    try:
        await find_visible(db, scope, no, columns="t.id")
    except NoTicketError:
        raise NoAttachmentError("没有这个附件") from None
    return no
