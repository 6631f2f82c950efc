"""The conditions of the workflow beyond state and role (domain.md §3): each with a stable id and a Chinese message."""

from __future__ import annotations

from models.codes import ClockKind, TicketStatus
from models.workflow_codes import RequestKind
from routing.workflow_terms import Facts, Guard

HAS_CATEGORY = Guard("category_missing", "请先选定诉求类别", lambda f: f.has_category)
HAS_WORDS = Guard("words_missing", "诉求内容尚未登记", lambda f: f.has_words)

RATING_EXPLAINED = Guard(
    "rating_not_explained", "只有核实为无法定依据或误评的差评可以直接办结", lambda f: f.rating_explained
)

RATING_JUDGED = Guard(
    "rating_not_judged", "差评尚待回访核实，须先回访评价人并作出核实结论", lambda f: not f.rating_awaits
)

NEEDS_SIGN = Guard("sign_not_needed", "该类工单无须签收", lambda f: f.needs_sign)
NO_SIGN = Guard("sign_needed", "该类工单须签收、答复", lambda f: not f.needs_sign)

NOT_TOO_OFTEN = Guard(
    "dispatched_too_often",
    "已多次派单，须经会商后指定承办单位",
    lambda f: f.dispatch_count < f.max_dispatch,
)
NOT_URGENT = Guard("urgent_no_arbitration", "紧急工单不得会商等待，由首接单位先行处置", lambda f: not f.urgent)

NOT_DESIGNATED = Guard("designated", "经裁定指定的承办单位不得退单", lambda f: not f.designated)
RETURN_OPEN = Guard("return_window_closed", "已过退单时限，视同接受，须继续办理", lambda f: f.return_open)
RETURN_AGAIN = Guard("return_to_arbitration", "", lambda f: f.dispatch_count < f.max_dispatch or f.urgent)
RETURN_TO_ARBITRATION = Guard("return_to_dispatch", "", lambda f: f.dispatch_count >= f.max_dispatch and not f.urgent)


def pending(kind: RequestKind) -> Guard:
    """Such a request waits to be decided."""
    return Guard(f"no_{kind.value}_request", f"没有待审核的{kind.label}申请", lambda f: kind in f.pending)


def none_pending(kind: RequestKind) -> Guard:
    """No such request waits."""
    return Guard(f"{kind.value}_pending", f"已有待审核的{kind.label}申请", lambda f: kind not in f.pending)


def past(kind: ClockKind) -> Guard:
    """That clock is up."""
    return Guard(f"{kind.value}_not_due", f"{kind.label}时限未到", lambda f: kind in f.past_due)


MAY_EXTEND = Guard(
    "extension_not_allowed",
    "紧急工单和该类时限不得延期",
    lambda f: not f.urgent and f.extension_max > 0,
)
RUNS_BY_WORKING_TIME = Guard("urgent_runs_on", "紧急工单的时限不得停止或延长", lambda f: not f.urgent)
EXTENSION_IN_TIME = Guard("extension_too_late", "须在到期前、当日截止时刻前申请延期", lambda f: f.extension_in_time)
EXTENSION_LEFT = Guard(
    "extension_used_up",
    "延期次数已用完",
    lambda f: f.extension_count <= f.extension_max,  # one more than the profile's, by the director
)
EXTENSION_FIRST = Guard(
    "extension_by_director",
    "再次延期须由热线主任批准",
    lambda f: f.extension_count < f.extension_max or not f.second_by_director,
)

CONTACTED = Guard("not_contacted", "尚无联系诉求人的记录，不能提交答复或办结", lambda f: f.contacted)
UNREACHABLE = Guard("tries_left", "联系诉求人未果的次数不足，不能按联系不上办结", lambda f: f.unreachable)
FED_BACK = Guard("not_fed_back", "尚未回填办理结果", lambda f: f.fed_back)
CO_DONE = Guard("co_pending", "协办单位尚在时限内，请等待其反馈", lambda f: not f.co_open)

SUB_NESTED = Guard("sub_nested", "", lambda f: f.sub_depth > 1)
SUB_OF_HANDLING = Guard("sub_of_handling", "", lambda f: f.sub_depth <= 1 and f.rework_count == 0)
SUB_OF_REWORK = Guard("sub_of_rework", "", lambda f: f.sub_depth <= 1 and f.rework_count > 0)

NOT_PAUSED = Guard("paused", "计时已停，请先恢复计时", lambda f: not f.paused)
PAUSED = Guard("not_paused", "计时未停", lambda f: f.paused)

NOT_SUPERVISED = Guard("supervised", "督办未解除，不能办结", lambda f: not f.supervised)
SUPERVISION_OPEN = Guard("supervision_answered", "督办已经回复", lambda f: f.supervised and not f.supervision_answered)
SUPERVISION_ANSWERED = Guard(
    "supervision_unanswered", "督办尚未回复，不能解除", lambda f: f.supervised and f.supervision_answered
)
HIGHER_LEVEL = Guard("supervised_already", "该工单已在同级或更高级督办中", lambda f: f.wanted_level > f.supervise_level)
NOT_CIRCULATED = Guard("circulated", "已经通报过", lambda f: not f.circulated)

HAPPY = Guard("callback_happy", "", lambda f: f.callback == "happy" and not f.supervised)
HAPPY_HELD = Guard("callback_happy_held", "", lambda f: f.callback == "happy" and f.supervised)
UNHAPPY_FIRST = Guard("callback_unhappy", "", lambda f: f.callback == "unhappy" and f.rework_count == 0)
UNHAPPY_AGAIN = Guard("callback_unhappy_again", "", lambda f: f.callback == "unhappy" and f.rework_count > 0)
NOT_RATED = Guard("callback_without_rating", "", lambda f: f.callback in {"not_reached", "refused"})
CALLBACK_OVER = Guard(
    "callback_not_over",
    "回访尚未完成：须已评价，或按规定次数、时段均未接通",
    lambda f: f.tries_done or f.callback_exempt or f.callback_settled,
)

APPEAL_OPEN = Guard("appeal_window_closed", "办结已超过申诉期限", lambda f: f.appeal_open)
FIRST_APPEAL = Guard("appealed_before", "该工单已经申诉复核过", lambda f: f.appeal_count == 0)

REWORK_LEFT = Guard("rework_used", "", lambda f: f.rework_count == 0)
REWORK_USED = Guard("rework_left", "", lambda f: f.rework_count > 0)

CAME_TO_A_UNIT = Guard("never_dispatched", "该工单未经单位办理", lambda f: f.dispatch_count > 0)
NEVER_AT_A_UNIT = Guard("was_dispatched", "", lambda f: f.dispatch_count == 0)

TARGET_SOUND = Guard("target_unsound", "对方工单须为另一张在办且未并案的工单", lambda f: f.target_sound)
UNMERGE_OPEN = Guard("unmerge_window_closed", "已过撤销并案的期限", lambda f: f.unmerge_open)


def merged_from(status: TicketStatus) -> Guard:
    """It was merged in this state."""
    return Guard(f"not_merged_from_{status.value}", "", lambda f: f.merged_from is status)


URGE_LEFT = Guard("urged_today", "今日已催办过，请耐心等待", lambda f: f.urged_today < f.urge_per_day)

IN_SCOPE = Guard("excluded", "该工单已不计入考核", lambda f: f.in_scope)
NOT_CONFIDENTIAL = Guard("confidential", "该工单已是保密工单", lambda f: not f.confidential)
CONFIDENTIAL = Guard("not_confidential", "该工单不是保密工单", lambda f: f.confidential)
NOT_RISKY = Guard("stability_marked", "该工单已标记涉稳", lambda f: not f.stability_risk)
RISKY = Guard("stability_not_marked", "该工单未标记涉稳", lambda f: f.stability_risk)


def holds(guard: Guard | None, facts: Facts) -> bool:
    """No guard holds always."""
    return guard is None or guard.holds(facts)
