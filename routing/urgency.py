"""Words of danger in what was said, and how urgent an appeal is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from routing.pinyin import character_sounds, distance, syllables
from routing.text import bare

EmergencyWord = tuple[str, str, str]
"""(phrase, group, companion groups joined by ";" or "")."""

_CLAUSE = re.compile(r"[，,。！!？?；;、\n]")
_DENIED = re.compile(
    r"(?:没有?|从未|并未|尚未|未|无|不会|不想|没想|(?<!是)不是)"
    r"(?:再|要|想|说|能|有|发生|出现|发现|造成|引起|引发|闻到|看到|看见|听到|听说|任何|什么|明显的?|人员?|过){0,4}$"
)
"""Said not to be so. Only what may stand between: 没有发生火灾 is a denial, 没人管着火了 and 未成年人跳楼 are none."""
_FEARED = re.compile(
    r"(?:避免|防止|预防|谨防|以免|免得|万一|如果|要是|假如|一旦|怕|担心|容易|存在|会不会(?!是)|差一?点儿?|险些"
    r"|(?:会|能|要|将|易)(?:引起|引发|造成|导致)).{0,6}$"
)
"""Feared, warned of, or nearly so. Who fears that somebody takes his life reports a danger all the same."""
_PAST = r"(?:上个?月|上周|上次|去年|前年|(?<!分钟)(?<!小时)(?:以前|之前)|曾经?|早先|^过去|前段时间)"
_LONG_AGO, _LONG_AGO_FIRST = re.compile(_PAST + r".{0,10}$"), re.compile(_PAST + r".{0,2}$")
_NOW = ("现在", "正在", "还在", "刚刚", "刚才", "马上", "快", "赶快", "赶紧", "救")
_LIFE = "轻生"
_NO_EVENT = r"(?:报警器|报警仪|检测仪|演练|演习|知识|宣传|培训|保险|预案|的?隐患)"
_THINGS = "手机|钥匙|东西|鞋|帽子|球|包|证|卡|戒指|耳机|伞|眼镜|快递|垃圾|树|狗|猫|羊|桌|椅|砖|土"
_OTHER_WORDS = {
    "着火": re.compile(r"(?:不|打)着火|着火(?:锅|车|炉|葬|把|腿|龙|柴|墙|箭)"),
    "起火": re.compile(r"起火(?:灾|锅|车|箭|炉)"),
    "上吊": re.compile(r"(?:晚|早|马|楼|车|路)上吊|上吊(?:车|装|顶|灯|篮|塔|环|机|臂|物|着|个)"),
    "落水": re.compile(r"落水(?:管|口|槽|斗|井|沟|孔|位)"),
    "拿着刀": re.compile(r"拿着刀(?:具|片|闸|削|架)"),
    "充电着了": re.compile(r"充电着了(?:急|迷|凉)"),
    "走丢了": re.compile(r"(?:狗|猫|宠物|鸟|羊|牛).{0,8}走丢了"),
    "跳楼": re.compile(r"跳楼(?:价|大甩|甩|清仓)"),
    "轻生": re.compile(r"[减年]轻生|轻生(?:活|产|育|意|病)"),
    "触电": re.compile(r"接触电"),
    "烧炭": re.compile(r"烧炭的?(?:烤|串|烧烤)|烤.{0,4}烧炭"),
    "没气了": re.compile(r"(?:燃气|天然气|煤气|灶|胎|罐|家里?)(?:都|又|就)?没气了|^没气了"),
}
_OTHER_WORDS |= {
    phrase: re.compile(rf"(?:{_THINGS}).{{0,6}}{phrase}")
    for phrase in ("掉河里", "掉到河里", "掉进河里", "掉水里", "掉到水里", "掉进水里", "掉湖里", "掉到湖里", "掉进湖里",
                   "掉沟里", "掉到沟里", "掉进沟里", "掉渠里", "掉到渠里", "掉进渠里", "被水冲走")
}  # fmt: skip
"""Words that hold a danger's letters and are none: 挨着火锅店, 晚上吊车, 落水管, 减轻生活, 手机掉水里."""
_FUZZY = 0.2
_SHORTEST_FUZZY = 2
_SHORTEST_SAME_SOUND = 3
"""From so many characters on, the same sounds are no accident: 就护车 is 救护车."""
_SURE_LEAF = 0.25
_SURE_LEAF_OF_QUESTION = 0.5
_GLAD_TYPES = frozenset({"表扬", "建议"})
_SURE_OF_OTHER = 0.6
_TRANSFER_LEAVES = frozenset({"100101", "100103", "100201", "100301", "040303"})
"""Leaves of the T profile that are a danger of the moment when somebody asks for help (domain.md §5)."""


@dataclass(frozen=True, slots=True)
class Cue:
    """``heard`` is the piece of text; ``exact`` False: it only sounds somewhat like ``phrase``."""

    group: str
    phrase: str
    heard: str
    exact: bool


def find_cues(text: str, words: Sequence[EmergencyWord]) -> list[Cue]:
    """Cues of a present danger: what is denied, feared or past is none.

    An exact phrase counts by itself unless it needs a companion; one that merely sounds alike always needs another
    cue of a different group beside it (ordinary sentences sound like dangers: 找活, 着火). Groups in which nothing
    stands alone (烟雾, 楼层 …) only bear out a danger that stands without them or by them.
    """
    companions: dict[tuple[str, str], set[str]] = {}
    alone: set[tuple[str, str]] = set()
    for phrase, group, others in words:
        if others:
            companions.setdefault((phrase, group), set()).update(others.split(";"))
        else:
            alone.add((phrase, group))
    strong = {group for _, group in alone}
    heard = list(dict.fromkeys(cue for before, clause in _clauses(text) for cue in _in_clause(before, clause, words)))
    said = {cue.group for cue in heard if cue.exact}
    standing = [cue for cue in heard if cue.group in strong and _counts(cue, alone, companions, said - {cue.group})]
    present = {cue.group for cue in standing if cue.exact}
    standing += [cue for cue in heard if cue.group not in strong and _counts(cue, alone, companions, present)]
    return [cue for cue in heard if cue in standing]


def _counts(cue: Cue, alone: set[tuple[str, str]], needs: dict[tuple[str, str], set[str]], others: set[str]) -> bool:
    """Whether a cue stands, given the groups of which another phrase was said outright."""
    key = (cue.phrase, cue.group)
    if cue.exact and key in alone:
        return True
    return bool(needs[key] & others) if key in needs else bool(others)


def _clauses(text: str) -> list[tuple[str, str]]:
    """Each clause with the one before it."""
    clauses = [bare(clause) for clause in _CLAUSE.split(text) if bare(clause)]
    return list(zip(["", *clauses], clauses, strict=False))


def _in_clause(before: str, clause: str, words: Sequence[EmergencyWord]) -> Iterator[Cue]:
    sounds = character_sounds(clause)
    heard = set(sounds)
    for phrase, group, _ in words:
        if phrase in clause:
            places = [match.start() for match in re.finditer(re.escape(phrase), clause)]
            if any(_meant(before, clause, at, phrase, group) for at in places):
                yield Cue(group, phrase, phrase, exact=True)
        elif len(phrase) >= _SHORTEST_FUZZY:
            wanted = syllables(phrase)
            if wanted[0] in heard or wanted[-1] in heard:  # hardly ever: most phrases need no comparing
                yield from _by_sound(before, clause, sounds, wanted, phrase, group)


def _by_sound(
    before: str, clause: str, sounds: tuple[str, ...], wanted: tuple[str, ...], phrase: str, group: str
) -> Iterator[Cue]:
    length = len(phrase)
    for start in range(len(clause) - length + 1):
        window = sounds[start : start + length]
        if window[0] != wanted[0] and window[-1] != wanted[-1]:
            continue
        off = distance(window, wanted, limit=_FUZZY)
        if off > _FUZZY or re.match(_NO_EVENT, clause[start + length :]):
            continue
        if not _unsaid(before, clause[:start], clause, group):
            same = off == 0 and length >= _SHORTEST_SAME_SOUND
            yield Cue(group, phrase, clause[start : start + length], exact=same)
            return


def _meant(before: str, clause: str, at: int, phrase: str, group: str) -> bool:
    """Whether a phrase is the danger itself: no other word, no drill or detector, not unsaid."""
    end = at + len(phrase)
    other = _OTHER_WORDS.get(phrase)
    if other is not None and any(match.start() < end and at < match.end() for match in other.finditer(clause)):
        return False
    return not re.match(_NO_EVENT, clause[end:]) and not _unsaid(before, clause[:at], clause, group)


def _unsaid(before: str, lead: str, clause: str, group: str) -> bool:
    """Denied, feared or past, by what leads up to it; 去年冬天 may be a clause of its own before it."""
    if _DENIED.search(lead) or (group != _LIFE and _FEARED.search(lead)):
        return True
    past = _LONG_AGO.search(lead) or _LONG_AGO_FIRST.search(before)
    return past is not None and not any(word in clause for word in _NOW)


def urgency(profile: str, leaf: str, leaf_confidence: float, kind: str, cues: Sequence[Cue]) -> int:
    """1 特急, 2 紧急, 3 一般 (domain.md §2.1).

    A danger that was said outright is 1 whatever the class; a leaf of profile E1 is 1 unless the caller only praises
    or suggests (who asks what to do about a smell of gas asks in danger: there the leaf must be surer); E2 is 2.
    """
    if kind in _GLAD_TYPES:
        return 3
    if any(cue.exact for cue in cues):
        return 1
    sure = _SURE_LEAF_OF_QUESTION if kind == "咨询" else _SURE_LEAF
    if leaf_confidence >= sure and (profile == "E1" or (leaf in _TRANSFER_LEAVES and kind != "咨询")):
        return 1
    return 2 if profile in {"E1", "E2"} else 3


def meant_leaves(cues: Sequence[Cue], leaves: Mapping[str, Sequence[str]]) -> list[str]:
    """Leaves that the dangers said outright stand for."""
    return list(dict.fromkeys(leaf for cue in cues if cue.exact for leaf in leaves.get(cue.group, ())))


def goes_at_once(profile: str, leaf: str, cues: Sequence[Cue], leaves: Mapping[str, Sequence[str]]) -> bool:
    """Whether an appeal of the first urgency may be dispatched before a person has looked at it.

    Its leaf must be one whose bodies answer dangers: somebody about to jump is not the heating company's.
    """
    return profile == "E1" or leaf in _TRANSFER_LEAVES or leaf in meant_leaves(cues, leaves)


def leaf_of_danger(
    ranked: Sequence[tuple[str, float]], cues: Sequence[Cue], leaves: Mapping[str, Sequence[str]]
) -> tuple[str, float]:
    """The category, with what was said outright borne in mind.

    Where the classifier is unsure, the likeliest leaf that a danger's group stands for is taken before a likelier one
    that has nothing to do with it (somebody lies in the road: first aid, not parking), however unlikely it holds it.

    Args:
        ranked: (leaf, confidence), best first; a leaf that is not there has no chance.
        cues: what :func:`find_cues` found.
        leaves: group of cues → leaves it stands for.
    """
    best, confidence = ranked[0]
    meant = meant_leaves(cues, leaves)
    if not meant or best in meant or confidence >= _SURE_OF_OTHER:
        return best, confidence
    return next(((leaf, chance) for leaf, chance in ranked if leaf in meant), (meant[0], 0.0))
