"""Errors over HTTP: problem+json (RFC 9457) with a stable type and a Chinese detail."""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.api.faults import faults_of, of_body
from app.errors import HotlineError
from app.tickets.fields import field_name
from models.session import fault_of
from routing.errors import CalendarError, LimitError, RoutingError
from routing.permits import NotPermittedError, RefusedError

log = structlog.get_logger(__name__)

AnyRequest = Request[Any, Any, Any]
"""A request whatever its user."""

_PROBLEM = "application/problem+json"
_DETAILS = {
    400: "请求内容有误",
    401: "请先登录",
    403: "没有权限",
    404: "没有找到",
    405: "不支持该操作",
    409: "当前不能这样办理",
    412: "内容已被更新",
    413: "请求内容过大",
    415: "不支持该内容类型",
    422: "填写内容有误",
    428: "缺少版本信息",
    429: "操作过于频繁，请稍后再试",
    500: "系统出现错误，请稍后再试",
    503: "服务暂时不可用，请稍后再试",
}


def problem(request: AnyRequest, status: int, kind: str, detail: str, **extra: Any) -> Response[Any]:
    """One answer in the form of RFC 9457."""
    body = {
        "type": f"urn:hotline:{kind}",
        "title": _DETAILS.get(status, "请求失败"),
        "status": status,
        "detail": detail,
        "instance": request.url.path,
        **extra,
    }
    return Response(body, status_code=status, media_type=_PROBLEM)


def told_of(error: HotlineError | RoutingError) -> tuple[int, str, str, dict[str, Any]]:
    """Status, stable id, Chinese message and further fields of an error of ours."""
    if isinstance(error, HotlineError):
        return error.status, error.id, error.message, error.extra
    status = next((status for kind, status in _STATUS_OF_RULES.items() if isinstance(error, kind)), 500)
    if status == 500:
        return 500, "internal", _DETAILS[500], {}
    return status, error.id, error.message, error.extra if isinstance(error, RefusedError) else {}


def _ours(request: AnyRequest, error: HotlineError | RoutingError) -> Response[Any]:
    status, kind, message, extra = told_of(error)
    if status == 500:
        log.error("rule_failed", path=request.url.path, fault=error.id)
    response = problem(request, status, kind, message, **extra)
    if status == 412 and "version" in extra:  # whoever was too late is told the present version
        response.headers["ETag"] = f'"{extra["version"]}"'
    return response


def _http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    status = error.status_code
    extra = {}
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        extra["faults"] = faults_of(error.extra)
        if of_body(error.extra):
            return problem(request, 422, "input.invalid", _told(extra["faults"]), **extra)
    kind = {400: "request.invalid", 401: "auth.required", 403: "auth.forbidden", 404: "not_found"}.get(
        status, f"http.{status}"
    )
    # our own guards raise with Chinese details; the framework's English ones are replaced
    detail = error.detail if error.detail and not error.detail.isascii() else _DETAILS.get(status, "请求失败")
    response = problem(request, status, kind, detail, **extra)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _told(faults: list[dict[str, Any]]) -> str:
    return "；".join(f"{field_name(fault['field'] or '请求内容')}：{fault['message']}" for fault in faults)


def _database(request: AnyRequest, error: DBAPIError) -> Response[Any]:
    """Away: come again. Words it cannot hold (NUL): the request's fault. Anything else: ours."""
    if isinstance(error, DataError):
        return problem(request, 400, "request.invalid", _DETAILS[400])
    if isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated:
        return _unavailable(request, error)
    log.error("database_refused", path=request.url.path, fault=fault_of(error))
    return problem(request, 500, "internal", _DETAILS[500])


def _unavailable(request: AnyRequest, error: Exception) -> Response[Any]:
    log.warning("database_error", error=type(error).__name__)
    response = problem(request, 503, "database.unavailable", _DETAILS[503])
    response.headers["Retry-After"] = "2"
    return response


def _too_deep(request: AnyRequest, error: RecursionError) -> Response[Any]:
    """A body nested thousands of times: the decoder gives up on it."""
    log.warning("request_too_deep", path=request.url.path, error=type(error).__name__)
    return problem(request, 400, "request.invalid", _DETAILS[400])


def _anything(request: AnyRequest, error: Exception) -> Response[Any]:
    log.error("unhandled_error", path=request.url.path, exc_info=error)
    return problem(request, 500, "internal", _DETAILS[500])


_STATUS_OF_RULES: dict[type[RoutingError], int] = {
    NotPermittedError: 403,
    RefusedError: 409,
    CalendarError: 422,
    LimitError: 422,
}
"""What HTTP answers when a rule says no; the first that fits."""

HANDLERS: ExceptionHandlersMap = {
    HotlineError: _ours,
    RoutingError: _ours,
    HTTPException: _http,
    DBAPIError: _database,
    PoolTimeoutError: _unavailable,
    RecursionError: _too_deep,
    Exception: _anything,
}
"""For the application."""

__all__ = ["HANDLERS", "AnyRequest", "problem", "told_of"]
