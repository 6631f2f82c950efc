"""Code lists of domain.md §2.1, §3 and §4. Codes are never reused; ``label`` is what people read."""

from __future__ import annotations

from models.labelled import LabelledNumber, LabelledText


class AppealType(LabelledText):
    """诉求类型."""

    CONSULT = "01", "咨询"
    HELP = "02", "求助"
    COMPLAINT = "03", "投诉"
    REPORT = "04", "举报"
    SUGGESTION = "05", "建议"
    PRAISE = "06", "表扬"
    OTHER = "07", "其他"

    @classmethod
    def of_label(cls, label: str) -> AppealType:
        """The type with this Chinese label; OTHER when there is none."""
        return next((member for member in cls if member.label == label), cls.OTHER)


class Channel(LabelledText):
    """来源渠道."""

    PHONE = "10", "电话12345"
    MERGED_LINE = "11", "并线热线来电"
    FROM_110 = "12", "110转办"
    CALLBACK = "13", "留言/回拨"
    WECHAT = "20", "微信公众号/小程序"
    APP = "21", "APP"
    PORTAL = "22", "政府网站/市长信箱"
    SERVICE_NET = "23", "宁夏政务服务网"
    BAD_REVIEW = "24", "好差评差评"
    INSPECTION = "30", "互联网+督查"
    PEOPLE_BOARD = "31", "人民网留言板"
    CHAIR_MAILBOX = "32", "主席信箱"
    CONGRESS = "33", "政协/人大转办"
    UPPER_PLATFORM = "34", "上级平台"
    LETTER = "40", "信函"
    ON_SITE = "41", "现场"
    SMS = "42", "短信"
    GRID = "50", "网格上报"
    EARLY_WARNING = "60", "智能预警"


class Urgency(LabelledNumber):
    """紧急程度."""

    EXTREME = 1, "特急"
    URGENT = 2, "紧急"
    NORMAL = 3, "一般"
    DIFFICULT = 4, "疑难"


class TicketStatus(LabelledNumber):
    """States of domain.md §3."""

    DRAFT = 10, "登记中"
    DIRECT = 12, "直接答复"
    WAIT_INFO = 15, "待补充"
    REVIEW = 20, "待审核"
    DISPATCH = 30, "待派单"
    ARBITRATE = 35, "会商裁定"
    SIGN = 40, "待签收"
    RETURN_REQUESTED = 45, "退单待审"
    HANDLING = 50, "办理中"
    SUB_DISPATCHED = 52, "已下派"
    SUSPENDED = 58, "挂账"
    UNIT_SIGN = 60, "待审签"
    REPLY_REVIEW = 62, "待审核答复"
    CALLBACK = 70, "待回访"
    REWORK = 75, "重办"
    APPEALED = 76, "申诉复核"
    CLOSED = 80, "办结"
    ARCHIVED = 90, "归档"
    WITHDRAWN = 91, "撤单"
    MERGED = 92, "并案"
    NOT_ACCEPTED = 93, "不予受理"
    TRANSFERRED = 94, "转接完成"


class Satisfied(LabelledNumber):
    """满意度."""

    VERY_SATISFIED = 5, "非常满意"
    SATISFIED = 4, "满意"
    BASICALLY = 3, "基本满意"
    DISSATISFIED = 2, "不满意"
    VERY_DISSATISFIED = 1, "非常不满意"
    NOT_RATED = 0, "未评价"
    NOT_REACHED = 9, "未接通"


class Solved(LabelledNumber):
    """解决情况."""

    SOLVED = 1, "已解决"
    PARTLY = 2, "部分解决"
    UNSOLVED = 3, "未解决"
    EXPLAINED = 4, "已解释"
    UNKNOWN = 9, "未知"


_DISCONTENT = frozenset({Satisfied.DISSATISFIED, Satisfied.VERY_DISSATISFIED})


def is_unhappy(satisfied: int | None, solved: int | None) -> bool:
    """Whether a citizen who was asked is not content: not satisfied, or his matter is not solved."""
    return satisfied in _DISCONTENT or solved == Solved.UNSOLVED


class CloseType(LabelledText):
    """办结类型."""

    DIRECT = "01", "直接答复"
    SOLVED = "02", "办结-解决"
    EXPLAINED = "03", "办结-解释"
    LEGAL_ROUTE = "04", "法定途径"
    MERGED = "05", "重复并案"
    WITHDRAWN = "06", "撤诉"
    UNREACHABLE = "07", "联系不上"
    NOT_ACCEPTED = "08", "不予受理"
    SUSPENDED = "09", "承诺办理转挂账"
    TRANSFERRED = "10", "转接完成"


class ReturnReason(LabelledText):
    """退单理由."""

    NOT_DUTY = "R01", "非本单位职责"
    NOT_AREA = "R02", "非本辖区"
    DUPLICATE = "R03", "在办重复"
    INCOMPLETE = "R04", "要素不全且联系不上"
    LEGAL_ROUTE = "R05", "属法定/不受理范围"
    SAME_FACT = "R06", "同一事实已办结无新情况"
    WRONG_CLASS = "R07", "分类/主办错误"
    SEVERAL_UNITS = "R08", "需多部门会商"
    OTHER = "R09", "其他"


class ExcludeReason(LabelledText):
    """不计入考核理由."""

    LEGAL_ROUTE = "X01", "法定途径"
    UNREACHABLE = "X02", "匿名或三次联系不上"
    MALICIOUS = "X03", "恶意/辱骂/无实质内容"
    UNREASONABLE = "X04", "诉求不合理"
    DUPLICATE = "X05", "重复"
    NOT_LEVEL = "X06", "非本级权限"
    WITHDRAWN = "X07", "诉求人撤回"
    FORCE_MAJEURE = "X08", "不可抗力"
    STATUTORY_END = "X09", "已达法定上限"
    BEYOND_SCOPE = "X10", "诉求超行政范围"


class NotAcceptReason(LabelledText):
    """不予受理理由."""

    OTHER_CITY = "N1", "非本市管辖"
    OTHER_POWER = "N2", "党委/人大/政协/纪检/法院/检察院/军队武警职责"
    EMERGENCY = "N3", "110/119/120/122紧急"
    IN_PROCEDURE = "N4", "诉讼仲裁复议信访信息公开程序"
    SECRET = "N5", "国密商密隐私"
    CLOSED_BEFORE = "N6", "已办结无新情况"
    ABUSE = "N7", "违法违反公序良俗/攻击骚扰/无内容"
    OTHER = "N8", "其他"


class Tier(LabelledNumber):
    """层级."""

    HOTLINE = 1, "市热线中心"
    SECOND = 2, "区县/市直部门/公用企业"
    THIRD = 3, "街镇/科室"
    FOURTH = 4, "社区/经办"


class ClockKind(LabelledText):
    """What a clock counts."""

    DISPATCH = "dispatch", "派单"
    SIGN = "sign", "签收"
    CONTACT = "contact", "先行联系"
    FEEDBACK = "feedback", "首次反馈"
    FINISH = "finish", "办结"
    CITIZEN = "citizen", "诉求"
    REVIEW = "review", "答复审核"
    CALLBACK = "callback", "回访"
    RETURN_REVIEW = "return_review", "退单审核"
    ARBITRATE = "arbitrate", "会商裁定"
    WAIT_INFO = "wait_info", "待补充"
    EXTENSION_REVIEW = "extension_review", "延期审核"
    SUSPENSION_REVIEW = "suspension_review", "挂账审核"
    PAUSE_REVIEW = "pause_review", "停表审核"
    EXCLUSION_REVIEW = "exclusion_review", "不计入审核"
    WITHDRAWAL_REVIEW = "withdrawal_review", "撤单审核"
    SUSPENSION = "suspension", "挂账期限"
    APPRAISAL = "appraisal", "鉴定检测期限"
    PROGRESS = "progress", "月度进展"
    SUB_SIGN = "sub_sign", "下派签收"
    SUB_FINISH = "sub_finish", "下派办理"
    CO = "co", "协办反馈"
    SUPERVISION = "supervision", "督办回复"
    APPEAL_REVIEW = "appeal_review", "申诉复核"
    ARCHIVE = "archive", "归档"
    EVALUATION_VERIFY = "evaluation_verify", "差评核实"
    EVALUATION_RECTIFY = "evaluation_rectify", "差评整改"


class Role(LabelledText):
    """Roles of domain.md §4."""

    AGENT = "agent", "话务员"
    TEAM_LEADER = "team_leader", "班长"
    QUALITY = "quality", "质检员"
    DISPATCHER = "dispatcher", "审核/派单员"
    DISPATCH_SUPERVISOR = "dispatch_supervisor", "派单主管"
    CALLBACK = "callback", "回访员"
    SUPERVISION = "supervision", "督办员"
    KNOWLEDGE_EDITOR = "knowledge_editor", "知识采编"
    KNOWLEDGE_REVIEWER = "knowledge_reviewer", "知识审核"
    DIRECTOR = "director", "热线主任"
    UNIT_SIGNER = "unit_signer", "单位签收员"
    UNIT_HANDLER = "unit_handler", "经办人"
    UNIT_APPROVER = "unit_approver", "单位审签人"
    UNIT_LIAISON = "unit_liaison", "联络员"
    DISTRICT_ADMIN = "district_admin", "区县管理员"
    LEADER = "leader", "领导"
    OBSERVER = "observer", "社会监督员"
    SYSTEM_ADMIN = "system_admin", "系统管理员"
    AUDITOR = "auditor", "审计员"


class CallDirection(LabelledText):
    """Who placed a call."""

    IN = "in", "呼入"
    OUT = "out", "呼出"


class CallOutcome(LabelledText):
    """How a call ended: telephony's outcomes, and what the ticket side finds out later."""

    IN_PROGRESS = "in_progress", "通话中"
    APPEAL = "appeal", "已留诉求"
    PARTIAL = "partial", "中途挂断"
    SILENT = "silent", "无人声"
    DIGITS_ONLY = "digits_only", "仅按键"
    ABANDONED_GREETING = "abandoned_greeting", "听提示时挂断"
    FAILED = "failed", "接通失败"
    NO_WORDS = "no_words", "无有效话语"
    # of calls the hotline places
    SURVEYED = "surveyed", "已答完"
    PARTLY_SURVEYED = "partly_surveyed", "部分作答"
    NOT_SURVEYED = "not_surveyed", "接通未作答"
    UNANSWERED = "unanswered", "无人接听"
    BUSY = "busy", "占线"
    DECLINED = "declined", "拒接"
    UNREACHABLE = "unreachable", "无法接通"


class TicketEventKind(LabelledText):
    """What happened to a ticket."""

    CREATED = "created", "受理登记"
    CLASSIFIED = "classified", "自动分类"
    DISPATCHED = "dispatched", "派单"
    TEXT_ARRIVED = "text_arrived", "补到转写文本"
    CLOCKS_ADJUSTED = "clocks_adjusted", "调整时限"
    CLOCKS_STARTED = "clocks_started", "补计时限"
    CHILD_MERGED = "child_merged", "并入子单"
    CHILD_UNMERGED = "child_unmerged", "撤出子单"
    RECALCULATED = "recalculated", "日历变更重算时限"
    ALARMED = "alarmed", "特急工单滞留报警"


class ActorKind(LabelledText):
    """Who did something."""

    USER = "user", "用户"
    SYSTEM = "system", "系统"
    CLI = "cli", "命令行"
