"""Errors of attachments."""

from __future__ import annotations

from app.errors import HotlineError


class FormError(HotlineError):
    """The request is no form with one file in it."""

    id = "attachment.form"
    status = 400


class TooLargeError(HotlineError):
    """More bytes than the settings allow."""

    id = "attachment.too_large"
    status = 413


class EmptyFileError(HotlineError):
    """Nothing is in it."""

    id = "attachment.empty"
    status = 422


class TypeRefusedError(HotlineError):
    """By its content it is none of the kinds that are taken."""

    id = "attachment.type"
    status = 415


class MisnamedError(HotlineError):
    """The name says another kind than the content."""

    id = "attachment.extension"
    status = 422


class BrokenFileError(HotlineError):
    """It begins as its kind does, but is not whole, or holds what its kind must not hold."""

    id = "attachment.broken"
    status = 422


class BombError(HotlineError):
    """Small as a file, huge when it is opened."""

    id = "attachment.bomb"
    status = 422


class MacroError(HotlineError):
    """A document with a program in it."""

    id = "attachment.macro"
    status = 422


class InfectedError(HotlineError):
    """The scanner found something."""

    id = "attachment.infected"
    status = 422


class QuarantinedError(HotlineError):
    """It was taken in before the scanner knew better; nobody gets it any more."""

    id = "attachment.quarantined"
    status = 403


class NoAttachmentError(HotlineError):
    """There is none, or it is not theirs to see."""

    id = "attachment.missing"
    status = 404
