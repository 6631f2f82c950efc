"""What the hotline may not accept (不予受理): a hint for a person, never a decision (domain.md §4, step 2)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.codes import NotAcceptReason
from routing.assessment import PlaceFound
from routing.text import bare

ExcludedWord = tuple[str, str, str]
"""(reason N1 …, phrase, what is shown)."""

_LANDMARK = re.compile(
    r"(?:的?(?:门口|门前|旁边|旁|对面|附近|前面|后面|东侧|西侧|南侧|北侧|东边|西边|南边|北边|隔壁|背后)"
    r"|家属院|小区|公园|广场|大厦|宾馆|饭店|医院|大学|银行|商场|[东西南北中]?(?:大?路|街|巷|大道|站)|拉面|面馆|小吃|菜|人|看个?病|住院|就医)"
)
"""After a word: a place found by it (法院门口), something named so (兰州拉面), or ours is asked for (在北京看病)."""
_SITED = re.compile(r"(?:在|住|位于|地址是|地址)$")
_AREA = "市县区州"


def exclusions(
    text: str, place: PlaceFound | None, words: Sequence[ExcludedWord], own: Sequence[str]
) -> tuple[str, ...]:
    """Reasons, in Chinese, why a person should see whether this is ours at all.

    Another city counts only where it is named as the place, and no place of ours is named beside it.

    Args:
        text: what was said.
        place: the place of ours that was found in it.
        words: the city's phrases.
        own: the city's own names.
    """
    spoken = bare(text)
    ours = place is not None or any(name in spoken for name in own)
    found = [
        (reason, shown)
        for reason, phrase, shown in words
        if not (reason == NotAcceptReason.OTHER_CITY and ours) and _said(spoken, reason, phrase)
    ]
    hints: dict[str, list[str]] = {}
    for reason, shown in found:
        if shown not in hints.setdefault(reason, []):
            hints[reason].append(shown)
    return tuple(
        f"疑似不予受理：{NotAcceptReason.of(reason).label}（{'、'.join(shown)}）" for reason, shown in hints.items()
    )


def _said(spoken: str, reason: str, phrase: str) -> bool:
    return any(
        not _LANDMARK.match(spoken, match.end())
        and (reason != NotAcceptReason.OTHER_CITY or _is_the_place(spoken, match))
        for match in re.finditer(re.escape(phrase), spoken)
    )


def _is_the_place(spoken: str, match: re.Match[str]) -> bool:
    """西安市 …, 在西安 …; not 从西安回来."""
    return (
        match.group()[-1] in _AREA
        or spoken[match.end() : match.end() + 1] in tuple(_AREA)
        or _SITED.search(spoken[: match.start()]) is not None
    )
