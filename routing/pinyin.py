"""How alike two words sound: toneless pinyin, forgiving where north-western speech and recognisers mix sounds up."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin

_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")


def _pairs(text: str) -> frozenset[frozenset[str]]:
    """Read ``z/zh n/l`` as pairs; ``0`` stands for no sound."""
    return frozenset(frozenset("" if sound == "0" else sound for sound in pair.split("/")) for pair in text.split())


_ALIKE_INITIALS = _pairs("z/zh c/ch s/sh n/l f/h r/l j/q j/x q/x b/p d/t g/k zh/ch z/c y/0 w/0 j/zh q/ch x/sh")
_ALIKE_FINALS = _pairs(
    "in/ing en/eng an/ang ian/iang uan/uang un/ong un/eng ong/eng o/uo ian/in ie/ia u/v ou/uo iu/iou ei/ui en/un"
)
_ALIKE = 0.25


@lru_cache(maxsize=65536)
def syllables(text: str) -> tuple[str, ...]:
    """Toneless pinyin, one a character."""
    return tuple(lazy_pinyin(text, style=Style.NORMAL, v_to_u=False))


def character_sounds(text: str) -> tuple[str, ...]:
    """As :func:`syllables`, and one for each letter and digit too, so that positions agree with the text."""
    sounds = syllables(text)
    return sounds if len(sounds) == len(text) else tuple(syllables(char)[0] for char in text)


def _split(syllable: str) -> tuple[str, str]:
    for initial in _INITIALS:
        if syllable.startswith(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


@lru_cache(maxsize=65536)
def syllable_distance(one: str, other: str) -> float:
    """0: the same sound … 1: nothing in common."""
    if one == other:
        return 0.0
    (initial_1, final_1), (initial_2, final_2) = _split(one), _split(other)
    return 0.5 * _part(initial_1, initial_2, _ALIKE_INITIALS) + 0.5 * _part(final_1, final_2, _ALIKE_FINALS)


def _part(one: str, other: str, alike: frozenset[frozenset[str]]) -> float:
    if one == other:
        return 0.0
    return _ALIKE if frozenset((one, other)) in alike else 1.0


def distance(one: tuple[str, ...], other: tuple[str, ...], *, limit: float = 1.0) -> float:
    """Edit distance of two syllable sequences over the longer's length; more than ``limit``: 1.0."""
    longer = max(len(one), len(other))
    if longer == 0:
        return 0.0
    if abs(len(one) - len(other)) > limit * longer:
        return 1.0
    row = [float(index) for index in range(len(other) + 1)]
    for index, left in enumerate(one, 1):
        following = [float(index)]
        for column, right in enumerate(other, 1):
            following.append(min(row[column] + 1, following[-1] + 1, row[column - 1] + syllable_distance(left, right)))
        row = following
        if min(row) > limit * longer:
            return 1.0
    return row[-1] / longer
