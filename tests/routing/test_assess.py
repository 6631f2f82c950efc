"""From a caller's words to class, place, unit, urgency and clocks, over the real city and the built model."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest

from routing.assess import Router
from routing.assessment import Chosen
from routing.classifier.appeals import read_examples
from routing.classifier.model import Judgement

from .conftest import EXAMPLES, at
from .sentences import SENTENCES

MORNING = at("2026-03-03 09:00")  # a Tuesday


@pytest.fixture(scope="module")
def assess(router):
    return lambda text, now=MORNING, **more: router.assess(text, now=now, **more)


def test_none_of_the_sentences_is_among_the_examples():
    known = {example.text for example in read_examples(EXAMPLES)}
    assert not known & {sentence.text for sentence in SENTENCES}


def test_nine_sentences_of_ten_get_their_class(assess):
    wrong = [s.text for s in SENTENCES if assess(s.text).category[:2] != s.top]
    assert len(wrong) <= len(SENTENCES) / 10, wrong


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.text[:12])
def test_a_sentence_gets_its_district(assess, sentence):
    place = assess(sentence.text).place
    assert (place.district if place else None) == sentence.district


def test_every_danger_among_the_sentences_is_of_the_first_urgency(assess):
    dangers = [sentence for sentence in SENTENCES if sentence.urgency == 1]
    assert [assess(sentence.text).urgency for sentence in dangers] == [1] * len(dangers)


SPOKEN = (
    "有人要跳楼，在西夏区怀远路",
    "小孩掉河里了",
    "快点来人啊，典农河这边有个娃娃掉到河里头了",
    "水库边上有人滑到水库里了",
    "我家厨房烧着了，火都窜到房顶上了",
    "电瓶车在楼道里充电着了，烟大得很，我们下不去楼",
    "加油站旁边那个饭馆煤气罐炸了",
    "灶房里一股子煤气味，头都晕了",
    "煤气罐漏气了，嗤嗤地响",
    "工地上的脚手架倒了，底下压着人呢",
    "大风把广告牌刮下来了，压住人了",
    "有个娃娃摸了配电箱被电着了",
    "两口子打起来了，男的拿着菜刀追着砍",
    "有人在我家门口砸门，说要弄死我",
    "十字路口大货车把骑电动车的人撞了，人躺地上不动弹",
    "我被车撞了，腿动不了了",
    "我同学说她吃了一瓶安眠药",
    "有人在桥上要往下跳",
    "一家人炉子取暖，好像煤烟中毒了，都迷迷糊糊的",
    "电梯卡在十楼不动了，我跟我妈都在里头",
    "孩子被锁在车里了，车窗都关着，热得很",
    "我妈八十了，早上出门到现在没回来，老年痴呆",
    "我奶奶走丢了，穿红棉袄",
    "我老伴躺地上叫不应，嘴都歪了",
    "娃娃吃糖噎住了，脸都紫了",
    "我媳妇羊水破了，马上要生了",
    "骗子让我把钱转到安全账户，我刚转了八万",
)
"""Dangers of all groups as people put them; none is an example."""


@pytest.mark.parametrize("text", SPOKEN)
def test_a_danger_in_everyday_words_is_of_the_first_urgency(assess, text):
    assert assess(text).urgency == 1


@pytest.mark.parametrize("text", SPOKEN)
def test_an_emergency_goes_to_those_who_answer_it_or_to_a_person_who_reads_that_first(assess, city, text):
    found = assess(text)
    profiles = {category.code: category.profile for category in city.categories}
    answered = {leaf for leaves in city.emergency_leaves.values() for leaf in leaves}
    if found.at_once:
        assert found.category in answered or profiles[found.category] == "E1"
    else:
        assert found.dispatch.confirm[0].startswith("特急：")


def test_somebody_about_to_jump_is_not_the_heating_companys_however_the_road_sounds(assess):
    found = assess("有人要跳楼，在西夏区怀远路")
    assert (found.urgency, found.category, found.at_once) == (1, "070501", True)


def test_nothing_else_among_them_is_and_nine_of_ten_have_their_urgency(assess):
    calm = [sentence for sentence in SENTENCES if sentence.urgency > 1]
    found = [assess(sentence.text).urgency for sentence in calm]
    assert 1 not in found
    assert sum(level != s.urgency for level, s in zip(found, calm, strict=True)) <= len(calm) / 10


def test_a_water_outage_goes_to_the_waterworks_within_the_limits_of_basic_needs(assess):
    found = assess("您好，我们小区从昨天起就停水了，在金凤区宁安北街一百七十七号，什么时候来水。")
    assert (found.category, found.path) == ("030101", "公用事业/供水/停水/爆管")
    assert found.place.address == "金凤区宁安北街177号"
    assert (found.dispatch.unit, found.dispatch.row_id) == ("640100-U-GS", "ML030101")
    assert (found.urgency, found.limits.profile) == (2, "E2")
    assert (found.limits.sign_due, found.limits.due) == (at("2026-03-03 09:30"), at("2026-03-06 09:00"))
    assert "紧急诉求须人工复核" in found.dispatch.confirm
    assert found.title == "金凤区宁安北街177号我们小区从昨天起就停水了"


def test_a_fire_is_of_the_first_urgency_and_its_words_are_the_first_reason(assess):
    found = assess("三楼着火了，浓烟很大，在凤凰北街")
    assert (found.urgency, found.limits.profile) == (1, "E1")
    assert set(found.reasons[:3]) == {"火情:着火", "烟雾:浓烟", "烟雾:烟很大"}
    assert found.dispatch.unit == "640100-E-119"
    assert found.limits.dispatch_due == at("2026-03-03 09:05")


def test_at_night_in_a_holiday_an_emergency_runs_and_an_ordinary_appeal_waits(assess):
    night = at("2026-10-03 03:00")
    assert assess("三楼着火了，浓烟很大", night).limits.sign_due == at("2026-10-03 03:15")
    ordinary = assess("北京中路的路灯坏了好几天了，晚上不亮，请维修", night)
    assert (ordinary.limits.profile, ordinary.limits.due) == ("N5", at("2026-10-14 18:00"))


def test_confidence_alternatives_and_reasons_belong_together(assess):
    text = "我要投诉，小区物业乱收物业费，公共收益也不公开。"
    found = assess(text)
    assert 0 < found.confidence <= 1
    assert len(found.alternatives) == 3
    ranked = [found.confidence, *(other.confidence for other in found.alternatives)]
    assert ranked == sorted(ranked, reverse=True)
    assert found.category not in {other.category for other in found.alternatives}
    assert sum(ranked) <= 1.001
    assert found.reasons
    assert all(reason in text for reason in found.reasons)


def test_an_appeal_that_cannot_be_timed_is_confirmed_by_a_person_who_is_told_why(assess):
    found = assess("想问失业金怎么申请", at("2026-12-31 17:00"))
    assert (found.limits.due, found.limits.citizen_due) == (None, None)
    assert any("缺少 2027 年" in reason for reason in found.dispatch.confirm)
    assert found.dispatch.unit


def test_a_title_that_a_person_gave_is_kept_and_read(assess):
    found = assess("请尽快处理。", title="暖气不热，室温不达标")
    assert found.title == "暖气不热，室温不达标"
    assert found.category[:4] == "0304"


def test_punctuation_of_either_width_makes_no_difference(assess):
    wide = assess("三楼着火了，浓烟很大！在凤凰北街12号。")
    narrow = assess("三楼着火了,浓烟很大!在凤凰北街12号。")
    assert dataclasses.replace(wide, title="") == dataclasses.replace(narrow, title="")


@pytest.mark.parametrize("text", ["", "。。。", "喂", "abc 123", "🙂" * 5, "停" * 5000])
def test_whatever_is_said_gets_an_assessment_that_can_be_stored(assess, text):
    found = assess(text)
    assert found.title
    assert found.dispatch.unit_name
    assert found.urgency in {1, 2, 3}


def test_where_nothing_was_said_a_person_must_look(assess):
    assert any("分类置信度" in reason for reason in assess("").dispatch.confirm)


class Sure:
    """A model that always says the same: what remains is the city's."""

    version = "sure-1"

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def judge(self, _: str) -> tuple[Judgement, Judgement]:
        leaf = Judgement((("110501", 0.99), ("020403", 0.005), ("010101", 0.003)), ("村务",))
        return leaf, Judgement(((self.kind, 0.9),), ())


def test_the_model_and_the_city_decide_together(city):
    found = Router(city, Sure("咨询")).assess("永宁县望远镇的村务公开在哪里看", now=MORNING)
    assert (found.dispatch.unit, found.dispatch.tier, found.dispatch.confirm) == ("640121102", 3, ())
    assert (found.type, found.limits.profile, found.limits.due) == ("咨询", "Q", at("2026-03-05 18:00"))
    assert [(other.category, other.confidence) for other in found.alternatives] == [
        ("020403", 0.005),
        ("010101", 0.003),
    ]
    assert (found.reasons, found.model) == (("村务",), "sure-1")


@pytest.mark.parametrize(
    ("kind", "text", "urgency", "confirm"),
    [
        # said outright in what is taken for praise or advice: the type may be mistaken
        ("表扬", "永宁县望远镇着火了，消防员来得快", 3, ("疑似紧急：着火",)),
        ("建议", "永宁县望远镇着火了着火了", 3, ("疑似紧急：着火",)),
        # by its sound, beside a companion
        ("求助", "永宁县望远镇，找火了，浓烟", 3, ("疑似紧急：找火",)),
        # said outright, but the classifier is sure of something else: nobody is sent who cannot help
        (
            "求助",
            "永宁县望远镇着火了",
            1,
            ("特急：着火（分类“村居事务公开/干部作风”与险情不符，请立即核实派单）", "紧急诉求须人工复核"),
        ),
        ("求助", "永宁县望远镇的村务公开栏", 3, ()),
    ],
)
def test_a_danger_that_is_not_taken_for_one_is_shown_to_a_person(city, kind, text, urgency, confirm):
    found = Router(city, Sure(kind)).assess(text, now=MORNING)
    assert (found.urgency, found.dispatch.confirm, found.at_once) == (urgency, confirm, not confirm)


def test_a_time_without_a_zone_is_taken_for_no_other(router):
    naive = datetime(2026, 3, 3, 9)  # noqa: DTZ001  (that is the point)
    with pytest.raises(ValueError, match="zone"):
        router.assess("停水了", now=naive)


def test_what_people_have_decided_stands_whatever_the_classifier_would_say(assess):
    said = "宁安北街的路灯坏了好几天了"
    chosen = Chosen(
        category="030101", type="举报", urgency=2, district="640106", unit="640106-ZF", co_units=("640106-ZJ",)
    )
    found = assess(said, chosen=chosen)
    assert (found.category, found.type, found.urgency, found.confidence) == ("030101", "举报", 2, 1.0)
    assert (found.place.district_code, found.dispatch.unit, found.dispatch.co_units) == (
        "640106",
        "640106-ZF",
        ("640106-ZJ",),
    )
    assert "受理时已指定承办单位，须审核" in found.dispatch.confirm
    assert not found.at_once


def test_an_address_tells_more_of_the_place_than_the_appeal_and_a_chosen_district_more_than_both(assess):
    said = "我在兴庆区上班，家里停水了"
    assert assess(said).place.district_code == "640104"
    assert assess(said, chosen=Chosen(address="金凤区宁安北街177号")).place.district_code == "640106"
    found = assess(said, chosen=Chosen(address="金凤区宁安北街177号", district="640105")).place
    assert (found.district_code, found.street, found.address) == ("640105", None, "西夏区")


def test_a_danger_that_only_a_person_has_seen_waits_for_a_dispatcher(assess):
    found = assess("请尽快处理一下", chosen=Chosen(category="140302", urgency=1))
    assert (found.urgency, found.at_once, found.limits.profile) == (1, False, "E1")
    assert found.dispatch.confirm[0].startswith("特急：受理时认定")
