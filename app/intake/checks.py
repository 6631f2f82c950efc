"""The checks that every channel's appeals go through; what comes out may be written."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from app.calls.numbers import normalise_number
from app.clock import in_city
from app.intake.appeal import NewAppeal
from app.tickets.errors import InputError, TimeError, UnknownCodeError
from app.tickets.texts import clean
from models.codes import AppealType, Channel, Urgency
from models.labelled import LabelledText
from models.ticket import Ticket
from routing.rulebook import Rulebook

_LINES = ("title", "subject", "street", "address", "caller_name", "special_group")
_FAR_BACK = timedelta(days=50 * 366)
_REFERENCE = re.compile(r"[\w./#-]{1,64}")
"""A platform's name, and its number of a ticket."""
_LOOP_CHANNELS = frozenset({Channel.BAD_REVIEW, Channel.EARLY_WARNING})
"""Not handed over: the system finds them itself."""
_TITLE = 30


def checked(appeal: NewAppeal, book: Rulebook, now: datetime) -> Ticket:
    """The ticket it will be: texts cleaned, numbers in one form, codes known; not in the database yet.

    Raises:
        InputError: a value that cannot be, with its field; the first one found.
    """
    channel = _code(Channel, appeal.channel, "channel")
    content = clean(appeal.content, "content")
    lines: dict[str, Any] = {
        name: _line(value, name) for name in _LINES if (value := getattr(appeal, name)) is not None
    }
    phone = _phone(appeal.phone, "phone")
    if appeal.anonymous and appeal.caller_name is not None:
        raise InputError("匿名诉求不填写姓名", "caller_name")
    ticket = Ticket(
        no="",
        query_code="",
        status=0,
        type=(_code(AppealType, appeal.type, "type") if appeal.type is not None else AppealType.OTHER).value,
        channel=channel.value,
        urgency=appeal.urgency or Urgency.NORMAL.value,
        title=lines.pop("title", None) or _title(content),
        content=content,
        caller_phone=phone,
        contact_phone=_phone(appeal.contact_phone, "contact_phone"),
        caller_kind=appeal.caller_kind,
        anonymous=appeal.anonymous or phone is None,
        confidential=appeal.confidential,
        category=_category(appeal.category, book),
        district_code=_district(appeal.district, book),
        demand=None if appeal.demand is None else clean(appeal.demand, "demand"),
        occurred_at=_past(appeal.occurred_at, now),
        upper_no=_reference(appeal.upper_no, "upper_no"),
        upper_system=_reference(appeal.upper_system, "upper_system"),
        created_at=now,
        updated_at=now,
        **lines,
        **_units(appeal, book),
    )
    if (ticket.upper_no is None) != (ticket.upper_system is None):
        missing = "upper_no" if ticket.upper_no is None else "upper_system"
        raise InputError("上级平台与上级编号须同时填写", missing)
    return ticket


def refuse_loops(channel: str) -> None:
    """InputError: the channel is one by which nobody hands an appeal over."""
    if channel in _LOOP_CHANNELS:
        raise InputError(f"“{Channel.of(channel).label}”由系统自动建单，不能登记", "channel")


def one_of(channel: str, channels: frozenset[Channel]) -> None:
    """InputError: this door is not for that channel."""
    if channel not in channels:
        raise InputError("该接口不接收此来源渠道", "channel")


def _code(kind: type[LabelledText], code: str, field: str) -> Any:
    try:
        return kind.of(code)
    except ValueError:
        raise UnknownCodeError(f"没有代码“{code}”", field) from None


def _line(text: str, field: str) -> str:
    line = clean(text, field)
    if "\n" in line or "\t" in line:
        raise InputError("应为一行文字", field)
    return line


def _title(content: str) -> str:
    return content.split("\n", 1)[0][:_TITLE]


def _phone(given: str | None, field: str) -> str | None:
    if given is None or not given.strip():
        return None
    number = normalise_number(given)
    if number is None:
        raise InputError("不是有效的电话号码", field)
    return number


def _category(code: str | None, book: Rulebook) -> str | None:
    if code is not None and code not in book.categories:
        raise UnknownCodeError(f"没有类别“{code}”", "category")
    return code


def _district(code: str | None, book: Rulebook) -> str | None:
    if code is not None and code not in {place.code for place in book.city.places if place.kind == "district"}:
        raise UnknownCodeError(f"没有区县“{code}”", "district")
    return code


def _units(appeal: NewAppeal, book: Rulebook) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if appeal.unit is not None:
        unit = book.units.get(appeal.unit)
        if unit is None:
            raise UnknownCodeError(f"没有代码为“{appeal.unit}”的单位", "unit")
        if unit.tier == 1:
            raise InputError("热线中心不是承办单位", "unit")
        values.update(host_unit=unit.code, tier=unit.tier)
    if appeal.co_units is not None:
        for code in appeal.co_units:
            if code not in book.units:
                raise UnknownCodeError(f"没有代码为“{code}”的单位", "co_units")
            if code == appeal.unit:
                raise InputError("主办单位不能同时协办", "co_units")
        values["co_units"] = list(dict.fromkeys(appeal.co_units))
    return values


def _past(at: datetime | None, now: datetime) -> datetime | None:
    at = in_city(at)
    if at is None:
        return None
    if at > now:
        raise TimeError("事发时间不能晚于现在", "occurred_at")
    if at < now - _FAR_BACK:
        raise TimeError("事发时间过早，请核对", "occurred_at")
    return at


def _reference(given: str | None, field: str) -> str | None:
    if given is not None and not _REFERENCE.fullmatch(given):
        raise InputError("只能含有文字、数字和 - . / # 符号", field)
    return given
