"""好差评 (domain.md §8): what counts as bad, what follows from a verdict, and who is called in for talks. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.workflow_codes import EvaluationClass, EvaluationState

WORST_GOOD = 3
"""基本满意 is still no bad rating; 不满意 and 非常不满意 are."""

PROFILES = {EvaluationClass.CLEAR: "CP", EvaluationClass.COMPLEX: "CP15"}
"""The limits under which the rated unit puts it right: at once (5 wd), or by a deadline (15 wd)."""

_GAP = r"[ \t\u00a0\u3000\-\u2010-\u2015\uff0d]?"
"""One sign between the digits of a number as people write it: 138 0013 8000, 138-0013-8000."""
_PHONE = re.compile(
    rf"(?<!\d)(?:\+?86{_GAP})?(?:0?1[3-9](?:{_GAP}\d){{9}}"
    rf"|[(\uff08]?0\d{{2,3}}[)\uff09]?{_GAP}\d{{3,4}}{_GAP}\d{{4}})(?!\d)"
)
_IDENTITY = re.compile(rf"(?<!\d)\d{{6}}{_GAP}(?:19|20)\d\d{_GAP}\d{{4}}{_GAP}\d{{3}}[\dXx](?![\dXx])")
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕张孔曹严金魏陶姜谢邹苏潘葛范彭鲁韦马方任袁柳鲍史唐费薛雷贺倪汤罗毕郝安常于傅"
    "康余元顾孟黄穆萧尹姚邵汪祁毛米明戴宋庞熊纪舒屈项祝董梁杜阮蓝季贾路江童颜郭梅林钟徐邱骆高夏蔡田胡万管卢莫白虎丁洪石崔"
    "龚程邢裴陆翁段侯武刘景龙叶黎卓池乔聂曾关肖纳摆哈撒"
    "邓谭廖赖詹覃阎闫翟耿庄焦苗涂娄冉桂甘兰"
)
"""The frequent ones, and those of the north-west."""
_NEVER_GIVEN = "王李张刘陈赵黄周吴徐孙胡朱郭何罗郑梁谢许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜魏薛吕贾马某"
"""Surnames with which hardly any given name ends: before a title they stand alone (关于李女士, 安排王先生).

And 某, who is masked already.
"""
_NAMED = re.compile(
    rf"(?:(?:欧阳|司马|上官|诸葛)[\u4e00-\u9fff]{{0,2}}|[{_SURNAMES}][\u4e00-\u9fff]?(?![{_NEVER_GIVEN}])[\u4e00-\u9fff]"
    rf"|[{_SURNAMES}])(?=先生|女士|大爷|大妈|阿姨|师傅)"
)
_AREA = re.compile(r"0(?:10|2\d|[3-9]\d\d)")


def is_bad(rating: int) -> bool:
    """差评: 2 and 1."""
    return rating < WORST_GOOD


def after_verdict(verdict: EvaluationClass) -> EvaluationState:
    """Where the loop goes: a) and b) are put right, c) is explained, d) is kept and marked."""
    return EvaluationState.RECTIFY if verdict in PROFILES else EvaluationState.DONE


def without(text: str, name: str | None, phone: str | None) -> str:
    """The text without somebody who is known: his name and number, also with gaps, and a fixed one's without its area.

    A name of one character is none: the word would be taken out of every sentence.
    """
    letters = re.sub(r"\s", "", name or "")
    if len(letters) > 1:
        text = re.sub(r"\s?".join(map(re.escape, letters)), "某", text)
    if phone:
        area = found.group() if (found := _AREA.match(phone)) else ""
        own = _GAP.join(map(re.escape, phone[len(area) :]))
        before = rf"(?:[(\uff08]?{area}[)\uff09]?{_GAP})?" if area else ""
        text = re.sub(rf"(?<!\d){before}{own}(?!\d)", "〔号码〕", text)
    return text


def masked(text: str) -> str:
    """Words for everybody's eyes: without telephone and identity numbers, without names before a title."""
    return _NAMED.sub("某", _PHONE.sub("〔号码〕", _IDENTITY.sub("〔证件号〕", text)))


@dataclass(frozen=True, slots=True)
class Tally:
    """Ratings of one unit in one stretch of time. ``bad``: of ``total``; ``due_right``: verdicts a) and b)."""

    total: int
    bad: int
    bad_named: int
    called_back: int
    due_right: int
    put_right: int

    @property
    def good_rate(self) -> float | None:
        """好评率 = (total − bad) ÷ total; None: nobody rated (silence is not counted)."""
        return (self.total - self.bad) / self.total if self.total else None

    @property
    def callback_rate(self) -> float | None:
        """实名差评回访率 = called back ÷ named bad ratings; must be 100 %."""
        return self.called_back / self.bad_named if self.bad_named else None

    @property
    def rectified_rate(self) -> float | None:
        """整改率 = put right ÷ what had to be."""
        return self.put_right / self.due_right if self.due_right else None


def called_in(months: Sequence[Mapping[str, Tally]]) -> frozenset[str]:
    """约谈: units whose good rate was the lowest in each of the last two months (a tie is everybody's in it)."""
    if len(months) < 2:
        return frozenset()
    return _last(months[-1]) & _last(months[-2])


def _last(month: Mapping[str, Tally]) -> frozenset[str]:
    rates = {unit: rate for unit, tally in month.items() if (rate := tally.good_rate) is not None}
    worst = min(rates.values(), default=None)
    return frozenset(unit for unit, rate in rates.items() if rate == worst and worst < 1)
