"""From a caller's words to class, place, unit, urgency and clocks, over the real city and the built model."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest

from routing.assess import Router
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
        ("求助", "永宁县望远镇着火了", 1, ("紧急诉求须人工复核",)),
        ("求助", "永宁县望远镇的村务公开栏", 3, ()),
    ],
)
def test_a_danger_that_is_not_taken_for_one_is_shown_to_a_person(city, kind, text, urgency, confirm):
    found = Router(city, Sure(kind)).assess(text, now=MORNING)
    assert (found.urgency, found.dispatch.confirm) == (urgency, confirm)


def test_a_time_without_a_zone_is_taken_for_no_other(router):
    naive = datetime(2026, 3, 3, 9)  # noqa: DTZ001  (that is the point)
    with pytest.raises(ValueError, match="zone"):
        router.assess("停水了", now=naive)
