"""Code lists of the ticket's life: what can be done to a ticket, what is asked for, and how it was decided."""

from __future__ import annotations

from models.labelled import LabelledNumber, LabelledText


class TicketAction(LabelledText):
    """What somebody does to a ticket; also the kind of the event that tells of it. Rules: routing/workflow.py."""

    # intake
    AMEND = "amend", "补正要素"
    APPEND = "append", "追加诉求内容"
    SUBMIT = "submit", "提交审核"
    ANSWER = "answer", "直接答复"
    NOT_ACCEPT = "not_accept", "不予受理"
    TRANSFER = "transfer", "转接完成"
    ASK_INFO = "ask_info", "请诉求人补充"
    GIVE_INFO = "give_info", "诉求人已补充"
    CLOSE_UNREACHABLE = "close_unreachable", "联系不上办结"
    # review and dispatch
    APPROVE = "approve", "审核通过"
    SEND_BACK = "send_back", "退回补录"
    DISPATCH = "dispatch", "派单"
    CONFER = "confer", "送会商"
    SET_INTERIM = "set_interim", "指定临时责任单位"
    DESIGNATE = "designate", "指定承办"
    DECLARE_DIFFICULT = "declare_difficult", "认定疑难"
    # the unit
    SIGN = "sign", "签收"
    AUTO_SIGN = "auto_sign", "超时自动签收"
    REQUEST_RETURN = "request_return", "申请退单"
    APPROVE_RETURN = "approve_return", "同意退单"
    REJECT_RETURN = "reject_return", "驳回退单"
    LAPSE_RETURN = "lapse_return", "退单审核逾期视同同意"
    CONTACT = "contact", "联系诉求人"
    FEEDBACK = "feedback", "首次反馈"
    PROGRESS = "progress", "进展记录"
    SUB_DISPATCH = "sub_dispatch", "下派"
    SUB_SIGN = "sub_sign", "下派签收"
    SUB_REPLY = "sub_reply", "下派答复"
    SUB_RETURN = "sub_return", "下派退回"
    RECALL_SUB = "recall_sub", "收回下派"
    ADD_CO = "add_co", "增加协办"
    DROP_CO = "drop_co", "取消协办"
    CO_REPLY = "co_reply", "协办反馈"
    REQUEST_EXTENSION = "request_extension", "申请延期"
    APPROVE_EXTENSION = "approve_extension", "同意延期"
    REJECT_EXTENSION = "reject_extension", "驳回延期"
    REQUEST_SUSPENSION = "request_suspension", "申请挂账"
    APPROVE_SUSPENSION = "approve_suspension", "同意挂账"
    REJECT_SUSPENSION = "reject_suspension", "驳回挂账"
    RESUME = "resume", "恢复办理"
    REQUEST_PAUSE = "request_pause", "申请鉴定检测停表"
    APPROVE_PAUSE = "approve_pause", "同意停表"
    REJECT_PAUSE = "reject_pause", "驳回停表"
    END_PAUSE = "end_pause", "恢复计时"
    SUBMIT_REPLY = "submit_reply", "提交答复"
    SIGN_OFF = "sign_off", "审签通过"
    REVISE_REPLY = "revise_reply", "审签退回"
    # the hotline again
    ACCEPT_REPLY = "accept_reply", "答复审核通过"
    REJECT_REPLY = "reject_reply", "答复退回"
    RECORD_CALLBACK = "record_callback", "回访"
    CLOSE = "close", "办结"
    APPEAL = "appeal", "申诉"
    UPHOLD_APPEAL = "uphold_appeal", "申诉成立"
    DISMISS_APPEAL = "dismiss_appeal", "申诉不成立"
    ARCHIVE = "archive", "归档"
    REOPEN = "reopen", "重启办理"
    # withdrawal and merging
    REQUEST_WITHDRAWAL = "request_withdrawal", "申请撤单"
    WITHDRAW = "withdraw", "撤单"
    REFUSE_WITHDRAWAL = "refuse_withdrawal", "不予撤单"
    MERGE = "merge", "并案"
    UNMERGE = "unmerge", "撤销并案"
    LINK = "link", "关联"
    UNLINK = "unlink", "取消关联"
    # beside the states
    URGE = "urge", "催办"
    SUPERVISE = "supervise", "督办"
    ANSWER_SUPERVISION = "answer_supervision", "督办回复"
    LIFT_SUPERVISION = "lift_supervision", "解除督办"
    NOTE = "note", "批示"
    REQUEST_EXCLUSION = "request_exclusion", "申请不计入考核"
    APPROVE_EXCLUSION = "approve_exclusion", "同意不计入考核"
    REJECT_EXCLUSION = "reject_exclusion", "驳回不计入考核"
    MARK_CONFIDENTIAL = "mark_confidential", "标记保密"
    UNMARK_CONFIDENTIAL = "unmark_confidential", "取消保密"
    MARK_STABILITY = "mark_stability", "标记涉稳"
    UNMARK_STABILITY = "unmark_stability", "取消涉稳"
    WARN = "warn", "黄牌预警"
    OVERDUE = "overdue", "红牌超期"
    ESCALATE = "escalate", "自动升级督办"
    CIRCULATE = "circulate", "通报"


class RequestKind(LabelledText):
    """What somebody asks for and another decides."""

    RETURN = "return", "退单"
    EXTENSION = "extension", "延期"
    SUSPENSION = "suspension", "挂账"
    PAUSE = "pause", "鉴定检测停表"
    EXCLUSION = "exclusion", "不计入考核"
    WITHDRAWAL = "withdrawal", "撤单"


class Decision(LabelledText):
    """How a request ended; none: it is pending."""

    APPROVED = "approved", "同意"
    REJECTED = "rejected", "驳回"
    SILENCE = "silence", "逾期视同同意"
    LAPSED = "lapsed", "失效"


class PauseReason(LabelledText):
    """Why a clock stands still: the only reasons allowed (domain.md §3.1, rule 6)."""

    WAIT_INFO = "wait_info", "待补充"
    SUSPENDED = "suspended", "挂账"
    APPRAISAL = "appraisal", "法定鉴定检测"


class ContactResult(LabelledText):
    """What came of trying to reach the citizen."""

    REACHED = "reached", "已联系"
    NOT_REACHED = "not_reached", "未联系上"


class CallbackMode(LabelledText):
    """How the citizen was asked."""

    SMS = "sms", "短信"
    AUTO_CALL = "auto_call", "自动外呼"
    HUMAN = "human", "人工回访"


class CallbackResult(LabelledText):
    """What came of a call-back; planned until it is over."""

    PLANNED = "planned", "待回访"
    ANSWERED = "answered", "已评价"
    NOT_REACHED = "not_reached", "未接通"
    REFUSED = "refused", "拒绝评价"
    CANCELLED = "cancelled", "已取消"


class HoldingKind(LabelledText):
    """Why a unit answers for a ticket."""

    INTAKE = "intake", "热线受理"
    DISPATCHED = "dispatched", "派单承办"
    INTERIM = "interim", "临时责任"
    DESIGNATED = "designated", "指定承办"


class SubState(LabelledText):
    """Where a sub-dispatch is."""

    SIGN = "sign", "待签收"
    HANDLING = "handling", "办理中"
    REPLIED = "replied", "已答复"
    RETURNED = "returned", "已退回"
    RECALLED = "recalled", "已收回"


class WarnState(LabelledNumber):
    """预警状态 of a ticket or a clock."""

    NORMAL = 0, "正常"
    YELLOW = 1, "黄牌"
    RED = 2, "红牌"


class MessageState(LabelledText):
    """Where a message is."""

    QUEUED = "queued", "待发送"
    SENT = "sent", "已发送"
    DEAD = "dead", "发送失败"
    CANCELLED = "cancelled", "已取消"


class EvaluationClass(LabelledText):
    """What verifying a bad rating found (domain.md §8)."""

    CLEAR = "a", "情况清楚诉求合理"
    COMPLEX = "b", "情况复杂限期整改"
    GROUNDLESS = "c", "缺乏法定依据"
    MISTAKEN = "d", "误评或恶意"


class EvaluationState(LabelledText):
    """Where the loop of a bad rating is."""

    VERIFY = "verify", "待回访核实"
    RECTIFY = "rectify", "整改中"
    FOLLOW_UP = "follow_up", "待跟踪回访"
    DONE = "done", "已办结"


class LinkKind(LabelledText):
    """Why two tickets belong together."""

    SAME_PERSON = "same_person", "同一诉求人"
    SAME_PLACE = "same_place", "同一地点"
    SAME_MATTER = "same_matter", "同一事项"


class ScanState(LabelledText):
    """What the virus scanner said of a file."""

    CLEAN = "clean", "未发现问题"
    NOT_SCANNED = "not_scanned", "未扫描"
    INFECTED = "infected", "发现病毒"
