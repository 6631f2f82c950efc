"""What the hotline may not accept is hinted at, never decided: a person sees it before it goes anywhere."""

from __future__ import annotations

import pytest

from routing.assess import Router
from routing.classifier.model import Judgement
from routing.text import normalise

from .conftest import at

MORNING = at("2026-03-03 09:00")


class Sure:
    """A model that is sure of one leaf, whatever it hears."""

    version = "sure-1"

    def __init__(self, leaf: str) -> None:
        self.leaf = leaf

    def judge(self, _: str) -> tuple[Judgement, Judgement]:
        return Judgement(((self.leaf, 0.99),), ()), Judgement((("咨询", 0.9),), ())


@pytest.fixture(scope="module")
def judged(city):
    return lambda text, leaf="140302": Router(city, Sure(leaf)).assess(normalise(text), now=MORNING)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("西安市雁塔区的公积金怎么提取", "非本市管辖（西安市）"),
        ("我在西安上班，公积金怎么提取", "非本市管辖（西安市）"),
        ("吴忠市的公积金中心在哪里", "非本市管辖（吴忠市）"),
        ("平罗县的公积金中心在哪里", "非本市管辖（石嘴山市平罗县）"),
        ("法院判决以后公积金怎么执行", "党委/人大/政协/纪检/法院/检察院/军队武警职责（法院）"),
        ("检察院的人什么时候上班", "党委/人大/政协/纪检/法院/检察院/军队武警职责（检察院）"),
        ("公积金的事我已经起诉了单位", "诉讼仲裁复议信访信息公开程序（诉讼）"),
        ("单位不交公积金，正在仲裁，也上访过", "诉讼仲裁复议信访信息公开程序（仲裁、信访）"),
        ("这份涉密文件谁能看", "国密商密隐私（涉密文件）"),
    ],
)
def test_what_may_not_be_ours_is_shown_to_a_person_with_the_reason(judged, text, hint):
    found = judged(text)
    assert f"疑似不予受理：{hint}" in found.dispatch.confirm
    assert not found.at_once


@pytest.mark.parametrize(
    "text",
    [
        "北京中路的公积金网点几点上班",
        "上海西路公积金网点几点上班",
        "法院门口的公积金网点几点上班",
        "部队家属院附近有公积金网点吗",
        "我从西安回来，公积金怎么提取",
        "我是西安人，公积金怎么提取",
        "我在西安上班，想把公积金转回银川",
        "西安市的公积金能在兴庆区提取吗",
        "兰州拉面馆旁边的网点还在吗",
        "在上海看病公积金怎么提取",
        "公示出来，省得大家上访",
        "怎么申请劳动仲裁",
        "行政复议找哪里",
        "我想咨询一下公积金怎么提取",
    ],
)
def test_a_landmark_a_road_a_past_or_a_question_is_no_hint(judged, text):
    assert not [reason for reason in judged(text).dispatch.confirm if "不予受理" in reason]


def test_a_danger_goes_first_whatever_else_was_said(judged):
    found = judged("我在西安市，有人要跳楼", "070501")
    assert (found.urgency, found.at_once) == (1, True)
    assert any("不予受理" in reason for reason in found.dispatch.confirm)


def test_what_is_nobodys_in_particular_is_read_by_a_person(judged):
    found = judged("喂喂喂", "149901")
    assert "“其他/不属本市/无效”须人工确认" in found.dispatch.confirm
    assert not found.at_once


def test_several_names_of_one_reason_are_told_together_and_once(judged):
    (hint,) = [r for r in judged("吴忠市利通区的利通区政府").dispatch.confirm if "不予受理" in r]
    assert hint == "疑似不予受理：非本市管辖（吴忠市、吴忠市利通区）"
