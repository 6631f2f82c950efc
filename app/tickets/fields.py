"""What the fields of an action are called, for people."""

from __future__ import annotations

FIELD_NAMES: dict[str, str] = {
    "reason": "理由",
    "text": "内容",
    "code": "理由代码",
    "basis": "依据",
    "attachments": "附件",
    "unit": "单位",
    "co_units": "协办单位",
    "co_demand": "协办要求",
    "until": "截止时间",
    "limit": "时限",
    "learn": "裁定入目录",
    "level": "督办级别",
    "target_no": "对方工单编号",
    "duplicate_no": "在办工单编号",
    "link_kind": "关联关系",
    "target": "转接对象",
    "route": "告知途径",
    "call_id": "通话",
    "knowledge_id": "知识条目",
    "result": "联系结果",
    "at": "时间",
    "number": "联系号码",
    "public_reply": "公开答复",
    "solved": "解决情况",
    "unsolved_reason": "未解决原因",
    "is_true": "诉求是否属实",
    "over_duty": "是否超职责",
    "callback_result": "回访结果",
    "callback_id": "回访记录",
    "mode": "回访方式",
    "satisfied": "满意度",
    "category": "诉求类别",
    "type": "诉求类型",
    "urgency": "紧急程度",
    "title": "标题",
    "district": "区县",
    "street": "街道",
    "address": "地址",
    "demand": "诉求目的",
    "occurred_at": "事发时间",
    "subject": "被反映对象",
    "caller_name": "诉求人姓名",
    "contact_phone": "回访电话",
    "special_group": "特殊群体",
    "anonymous": "匿名",
}


def field_name(field: str) -> str:
    """In Chinese; one that is not known stays as it is."""
    return FIELD_NAMES.get(field, field)
