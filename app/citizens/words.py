"""Where an appeal is, in a citizen's words."""

from __future__ import annotations

from models.codes import TicketStatus as S

_HANDLED = ("handling", "承办单位正在办理")
STEPS: dict[S, tuple[str, str]] = {
    S.DRAFT: ("accepted", "已受理，正在登记"),
    S.REVIEW: ("accepted", "已受理，正在转派承办单位"),
    S.DISPATCH: ("accepted", "已受理，正在转派承办单位"),
    S.ARBITRATE: ("accepted", "已受理，正在确定承办单位"),
    S.WAIT_INFO: ("waiting", "等待您补充信息"),
    S.SIGN: _HANDLED,
    S.RETURN_REQUESTED: _HANDLED,
    S.HANDLING: _HANDLED,
    S.SUB_DISPATCHED: _HANDLED,
    S.UNIT_SIGN: _HANDLED,
    S.REPLY_REVIEW: _HANDLED,
    S.SUSPENDED: ("handling", "暂不能办结，承办单位已承诺办理时间"),
    S.DIRECT: ("answered", "已答复"),
    S.CALLBACK: ("answered", "已答复，请您评价"),
    S.REWORK: ("redone", "正在重新办理"),
    S.APPEALED: ("reviewed", "申诉复核中"),
    S.CLOSED: ("closed", "已办结"),
    S.ARCHIVED: ("closed", "已办结"),
    S.WITHDRAWN: ("ended", "已按您的要求撤回"),
    S.MERGED: ("ended", "已与相同事项合并办理"),
    S.NOT_ACCEPTED: ("ended", "不属于热线受理范围"),
    S.TRANSFERRED: ("ended", "已转接有关部门"),
}
AT_A_UNIT = frozenset(
    {
        S.SIGN, S.RETURN_REQUESTED, S.HANDLING, S.SUB_DISPATCHED, S.UNIT_SIGN, S.REPLY_REVIEW, S.SUSPENDED, S.CALLBACK,
        S.REWORK, S.APPEALED, S.CLOSED, S.ARCHIVED,
    }
)  # fmt: skip
"""A unit is named; before, and in a dispute about who it is, none is."""
ANSWERED = frozenset({S.CALLBACK, S.APPEALED, S.CLOSED, S.ARCHIVED})
NO_DUE = ANSWERED | {S.WITHDRAWN, S.MERGED, S.NOT_ACCEPTED, S.TRANSFERRED, S.DIRECT, S.WAIT_INFO}
ASK = "请致电12345查询"
"""In the place of an answer that no page shows."""
