"""Words of danger: present ones alarm; denied, feared, past ones and ordinary words that hold them don't."""

from __future__ import annotations

import pytest

from routing.city import City
from routing.text import normalise
from routing.urgency import Cue, find_cues, goes_at_once, leaf_of_danger, urgency

DANGERS = {
    "火情": "我们楼下着火了",
    "燃气": "厨房里煤气味特别大",
    "坍塌": "隔壁的房子塌了",
    "触电": "有个工人触电了",
    "暴力": "有人拿刀在街上乱跑",
    "事故": "前面路口出车祸了",
    "轻生": "有个姑娘站在楼顶要跳楼",
    "中毒": "一家三口煤气中毒了",
    "被困": "我被关在电梯里面了",
    "落水": "小孩掉河里了",
    "走失": "我家老人走丢了",
    "急病": "我爸突然昏迷叫不醒",
    "诈骗": "我刚被骗了十万块",
    "求救": "救命啊",
}


@pytest.fixture(scope="module")
def cues(city: City):
    return lambda text: find_cues(normalise(text), city.emergency_words)


@pytest.fixture(scope="module")
def alarms(cues):
    """Whether a danger was said outright."""
    return lambda text: any(cue.exact for cue in cues(text))


@pytest.mark.parametrize(("group", "text"), DANGERS.items())
def test_a_danger_said_outright_is_a_cue_of_its_group(cues, group, text):
    assert group in {cue.group for cue in cues(text) if cue.exact}


def test_every_phrase_that_stands_alone_alarms_by_itself(city, alarms):
    alone = {phrase for phrase, _, companions in city.emergency_words if not companions}
    assert {phrase for phrase in alone if not alarms(f"这边有人{phrase}")} == set()


def test_every_group_that_stands_alone_is_tried_here(city):
    assert {group for _, group, companions in city.emergency_words if not companions} == set(DANGERS)


@pytest.mark.parametrize("sign", "，,。！!？?；;")
def test_a_danger_alarms_behind_any_punctuation(alarms, sign):
    assert alarms(f"电话没人接{sign}楼下着火了")


@pytest.mark.parametrize(
    "text",
    [
        "没有着火，就是烟大",
        "没有发生过火灾，也没着火",
        "我没有闻到煤气味",
        "未发现燃气泄漏",
        "现场无人触电",
        "不是着火",
        "他从未想跳楼",
        "这里没有出现路面塌陷",
    ],
)
def test_what_is_denied_is_no_cue(alarms, text):
    assert not alarms(text)


@pytest.mark.parametrize(
    "text",
    [
        "灶没关好着火了",
        "没人管着火了",
        "电线无缘无故着火了",
        "未成年人跳楼了",
        "楼下是不是着火了",
        "不是我家是楼上着火了",
        "会不会是燃气泄漏",
        "打电话没有人接楼下着火了",
        "下暴雨造成房子塌了",
        "没着火，现在又着火了",
        "没有着火后来又着火",
    ],
)
def test_a_denial_of_something_else_does_not_silence_a_danger(alarms, text):
    assert alarms(text)


@pytest.mark.parametrize(
    "text",
    [
        "飞线充电我怕着火",
        "担心哪天燃气泄漏",
        "万一着火消防车进不来",
        "如果触电了谁负责",
        "线路老化容易着火",
        "这样会引起着火",
        "为了避免电动车着火请加强管理",
        "差点撞到人",
        "差一点儿晕倒",
        "存在触电的风险",
    ],
)
def test_what_is_feared_or_only_nearly_happened_is_no_cue(alarms, text):
    assert not alarms(text)


@pytest.mark.parametrize("text", ["我怕我妈自杀", "担心孩子轻生", "要是不解决我就跳楼"])
def test_who_fears_or_threatens_that_somebody_takes_his_life_is_heard(alarms, text):
    assert alarms(text)


@pytest.mark.parametrize(
    "text",
    [
        "去年着火以后没人修",
        "上个月这里出车祸",
        "以前燃气泄漏过",
        "去年冬天，我们楼着火了，到现在没赔",
        "前段时间，老人晕倒过一次",
        "上次出车祸的地方要装红绿灯",
    ],
)
def test_what_is_long_past_is_no_cue(alarms, text):
    assert not alarms(text)


@pytest.mark.parametrize(
    "text",
    [
        "去年就说了现在着火了",
        "上次没人管，着火了",
        "十分钟之前着火了",
        "一个小时以前老人走丢了",
        "上个月修的，刚才又燃气泄漏",
        "我刚过去就看见着火了",
    ],
)
def test_a_past_beside_the_danger_does_not_silence_it(alarms, text):
    assert alarms(text)


@pytest.mark.parametrize(
    "text",
    [
        "紧挨着火锅店油烟特别大",
        "我拉着行李坐着火车来的",
        "热水器打不着火",
        "晚上吊车一直响",
        "楼上吊着个空调外机",
        "单元门口落水管坏了",
        "商场搞跳楼价骗人",
        "希望减轻生活负担",
        "年轻生病了怎么报销",
        "小孩能接触电表箱",
        "烧烤店烧炭烤肉冒烟",
        "家里燃气没气了怎么充",
        "没气了，灶不能用",
        "乱接电线引起火灾谁负责",
        "去年发生一起火灾",
        "燃气泄漏报警器坏了在哪买",
        "社区什么时候搞触电知识讲座",
        "我在工地找活干",
        "带大人和孩子去公园",
        "楼下停车堵路我的车出不来",
        "楼上装修太吵",
        "被拖欠工资了帮忙要一下",
        "公交车等了半个小时",
        "我家狗走丢了，能不能帮忙找",
        "手机掉河里了，公园能捞吗",
        "钥匙掉到水里了",
        "快递被水冲走了找谁赔",
        "工地夜里拿着刀具切割",
        "电动车充电着了急忙办卡",
        "孩子放学没回家就去补习班了",
        "我的车位不见了",
        "水从楼上往下跳着流",
    ],
)
def test_an_ordinary_sentence_that_looks_or_sounds_like_a_danger_does_not_alarm(alarms, text):
    assert not alarms(text)


@pytest.mark.parametrize(
    ("without", "beside"),
    [
        ("有人打架", "有人打架，都流血了"),
        ("听说发生爆炸", "听说发生爆炸，有浓烟"),
        ("墙倒塌", "墙倒塌，有人受伤"),
        ("有人叫了救护车", "有人叫了救护车，老人晕倒"),
        ("我被骗了", "我被骗了，刚给他转账"),
        ("人被困在里面", "人被困在里面，浓烟很大"),
        ("我妈出门没回来", "我妈出门没回来，有老年痴呆"),
        ("孩子放学没回来", "孩子放学没回来，到处找不到"),
        ("下不去楼", "烟大得很，我们下不去楼"),
        ("湖里有人淹着呢", "湖里有人淹着呢，快来人"),
    ],
)
def test_a_weak_phrase_alarms_only_beside_its_companion(alarms, without, beside):
    assert not alarms(without)
    assert alarms(beside)


WORDS = [
    ("着火", "火情", ""),
    ("着火", "火情", "烟雾"),
    ("触电", "触电", ""),
    ("浓烟", "烟雾", "火情"),
    ("救命", "求救", "火情;触电"),
    ("救命啊", "求救", ""),
]


def test_what_only_sounds_like_a_danger_needs_the_companion_said_outright():
    assert find_cues("找活", WORDS) == []
    assert find_cues("楼道找活了，浓烟滚滚", WORDS) == [Cue("火情", "着火", "找活", exact=False)]
    assert find_cues("楼道找活了，农烟滚滚", WORDS) == []


def test_a_phrase_without_listed_companions_that_only_sounds_so_needs_any_other_danger():
    assert find_cues("初店了", WORDS) == []
    assert [(cue.phrase, cue.exact) for cue in find_cues("着火了，有人初店", WORDS)] == [
        ("着火", True),
        ("触电", False),
    ]


def test_a_sound_is_found_in_a_clause_that_holds_digits_too():
    assert find_cues("3号楼找活了，浓烟", WORDS) == [Cue("火情", "着火", "找活", exact=False)]


def test_a_feared_sound_is_no_cue_either():
    assert find_cues("怕找活，浓烟", WORDS) == []


def test_a_supporting_word_alone_is_nothing_and_beside_a_danger_is_told_with_it():
    assert find_cues("浓烟", WORDS) == []
    assert [cue.group for cue in find_cues("浓烟，着火", WORDS)] == ["烟雾", "火情"]


def test_a_phrase_is_told_once_however_often_it_is_said():
    assert find_cues("着火了着火了，着火了", WORDS) == [Cue("火情", "着火", "着火", exact=True)]


def test_nothing_said_is_no_cue():
    assert find_cues("", WORDS) == find_cues("，。", WORDS) == []


OUTRIGHT = [Cue("火情", "着火", "着火", exact=True)]
ALIKE = [Cue("火情", "着火", "找活", exact=False)]


@pytest.mark.parametrize(
    ("profile", "leaf", "confidence", "kind", "cues", "level"),
    [
        # said outright: 1 whatever the class, also in a question; praise and advice are calm
        ("N5", "020403", 0.9, "求助", OUTRIGHT, 1),
        ("N5", "020403", 0.0, "投诉", OUTRIGHT, 1),
        ("Q", "060201", 0.9, "咨询", OUTRIGHT, 1),
        ("N5", "020403", 0.9, "表扬", OUTRIGHT, 3),
        ("N10", "020301", 0.9, "建议", OUTRIGHT, 3),
        # by sound alone: nothing
        ("N5", "020403", 0.9, "求助", ALIKE, 3),
        # a leaf of life and property, if it is fairly sure
        ("E1", "020401", 0.25, "求助", [], 1),
        ("E1", "020401", 0.24, "求助", [], 2),
        # who asks what to do in danger is in danger, if the leaf is surer
        ("E1", "020401", 0.5, "咨询", [], 1),
        ("E1", "020401", 0.49, "咨询", [], 2),
        ("E1", "020401", 0.9, "建议", [], 3),
        ("E1", "020401", 0.9, "表扬", OUTRIGHT, 3),
        # transfer leaves that are dangers of the moment; moving a car is none
        ("T", "100201", 0.25, "求助", [], 1),
        ("T", "100103", 0.9, "举报", [], 1),
        ("T", "100301", 0.2, "求助", [], 3),
        ("T", "100301", 0.9, "咨询", [], 3),
        ("T", "040203", 0.9, "求助", [], 3),
        # basic utilities
        ("E2", "030101", 0.1, "投诉", [], 2),
        ("E2", "030101", 0.9, "咨询", [], 2),
        ("E2", "030101", 0.9, "表扬", [], 3),
        ("E2", "030101", 0.9, "建议", [], 3),
        ("E2", "030101", 0.9, "求助", OUTRIGHT, 1),
        ("ST", "060101", 0.9, "举报", [], 3),
    ],
)
def test_how_urgent_an_appeal_is(profile, leaf, confidence, kind, cues, level):
    assert urgency(profile, leaf, confidence, kind, cues) == level


def test_a_long_phrase_of_the_very_same_sound_counts_as_said(cues):
    assert Cue("急病", "救护车", "就护车", exact=True) in cues("有人叫不醒，请快点派就护车")


def test_a_short_phrase_of_the_same_sound_does_not(cues):
    assert [cue for cue in cues("我把大门打开，在找活") if cue.exact] == []


ILL = [Cue("急病", "叫不醒", "叫不醒", exact=True)]
LEAVES = {"急病": ("100301",), "火情": ("100201",), "坍塌": ("020401",)}


@pytest.mark.parametrize(
    ("ranked", "cues", "leaf"),
    [
        ((("040201", 0.25), ("020102", 0.2), ("100301", 0.2)), ILL, ("100301", 0.2)),
        ((("040201", 0.59), ("100301", 0.05)), ILL, ("100301", 0.05)),
        ((("040201", 0.6), ("100301", 0.3)), ILL, ("040201", 0.6)),  # sure of something else
        ((("040201", 0.25), ("100301", 0.001)), ILL, ("100301", 0.001)),  # however unlikely
        ((("100301", 0.3), ("100201", 0.29)), ILL, ("100301", 0.3)),  # it is the best already
        ((("040201", 0.25), ("100201", 0.2)), ILL, ("100301", 0.0)),  # the model does not know the leaf
        ((("040201", 0.25),), [*ILL, *OUTRIGHT], ("100301", 0.0)),  # the first danger's
        ((("040201", 0.25), ("100201", 0.2)), ALIKE, ("040201", 0.25)),  # sound alone moves nothing
        ((("040201", 0.25), ("100301", 0.2)), [], ("040201", 0.25)),
        ((("040201", 0.25), ("100301", 0.2)), [Cue("求救", "救命", "救命", exact=True)], ("040201", 0.25)),
    ],
)
def test_a_danger_said_outright_decides_between_leaves_the_classifier_is_unsure_of(ranked, cues, leaf):
    assert leaf_of_danger(ranked, cues, LEAVES) == leaf


@pytest.mark.parametrize(
    ("profile", "leaf", "cues", "at_once"),
    [
        ("E1", "020401", [], True),
        ("T", "100301", [], True),
        ("N5", "100301", ILL, True),  # the danger's own
        ("E2", "030402", ILL, False),
        ("N5", "040201", OUTRIGHT, False),
        ("T", "040203", OUTRIGHT, False),  # moving cars and the unclear rest are transfers too, and no dangers
        ("T", "149901", OUTRIGHT, False),
        ("N5", "020401", [Cue("坍塌", "塌了", "塌了", exact=True)], True),
        ("N5", "020401", [Cue("坍塌", "塌了", "他了", exact=False)], False),
    ],
)
def test_an_emergency_goes_by_itself_only_to_those_who_answer_dangers(profile, leaf, cues, at_once):
    assert goes_at_once(profile, leaf, cues, LEAVES) is at_once
