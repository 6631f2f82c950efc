"""Puts right what a recogniser wrote with the wrong characters of the right sound: 断脚 → 断缴, 有名县 → 永宁县.

Each character may be swapped for another of the same or nearly the same sound when this city's sentences make that
much likelier; the most likely sentence wins (Viterbi over the last three characters). How far the recogniser was unsure
of the utterance decides how easily. A word of danger is never made: it must have been heard (docs/perf/recogniser.md).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from pypinyin import Style, lazy_pinyin

from telephony.scribe.language import ORDER, START, CharacterModel
from telephony.scribe.punctuation import SIGNS

_COST = 5.0
_NEARLY = 2.0
_SURE_LOGPROB = -0.15
_SURE_COST = 8.0
_BEAM = 32
_NO_ACCIDENT = 3
_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_PAIRS = "z/zh c/ch s/sh n/l f/h r/l in/ing en/eng an/ang ian/iang uan/uang un/ong"
_ALIKE = frozenset(frozenset(pair.split("/")) for pair in _PAIRS.split())


def read_sentences(sources: Sequence[Path]) -> list[str]:
    """What people here say: columns ``text`` and ``name`` of CSV files, or of all CSV files of a folder."""
    found = []
    for source in sources:
        for path in sorted(source.glob("*.csv")) if source.is_dir() else [source]:
            with path.open(encoding="utf-8", newline="") as file:
                found += [row.get("text") or row.get("name") or "" for row in csv.DictReader(file)]
    return [sentence for text in found if (sentence := SIGNS.sub("", text))]


def read_guarded(file: Path) -> list[str]:
    """Words that must not come into a text by correction: column ``phrase``; none when there is no such file."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as rows:
        return [row["phrase"] for row in csv.DictReader(rows)]


class Corrector:
    """Over the sentences of one city."""

    def __init__(self, sentences: Iterable[str], guarded: Iterable[str] = ()) -> None:
        self._model = CharacterModel(sentences)
        self._guarded = frozenset(guarded)
        by_sound: dict[str, list[str]] = defaultdict(list)
        for character in self._model.characters:
            if _is_han(character):
                by_sound[_sound(character)].append(character)
        self._swaps = {sound: _swaps(sound, by_sound) for sound in by_sound}

    def correct(self, text: str, avg_logprob: float) -> str:
        """The text with the characters its sounds most likely stand for; punctuation and length stay.

        ``avg_logprob``: the recogniser's own, per token; near 0: it was sure.
        """
        characters = SIGNS.sub("", text)
        likeliest = self._likeliest(characters, _SURE_COST if avg_logprob > _SURE_LOGPROB else _COST)
        likeliest = self._without_new_danger(characters, likeliest)
        swapped = iter(likeliest)
        return "".join(sign if SIGNS.match(sign) else next(swapped) for sign in text)

    def _likeliest(self, characters: str, cost: float) -> str:
        paths = [(0.0, START, "")]
        for heard in characters:
            options = [(heard, 0.0)]
            if _is_han(heard):
                options += [
                    (other, cost + more) for other, more in self._swaps.get(_sound(heard), ()) if other != heard
                ]
            best: dict[str, tuple[float, str, str]] = {}
            for score, before, sentence in paths:
                for character, price in options:
                    worth = score - price + self._model.log_probability(before, character)
                    after = (before + character)[1 - ORDER :]
                    if after not in best or best[after][0] < worth:
                        best[after] = (worth, after, sentence + character)
            paths = sorted(best.values(), reverse=True)[:_BEAM]
        return paths[0][2]

    def _without_new_danger(self, heard: str, corrected: str) -> str:
        """Where a word of danger was made, what was heard stands, unless a long word sounds just the same (救护车)."""
        for word in self._guarded:
            at = corrected.find(word)
            while at >= 0:
                end = at + len(word)
                if heard[at:end] != word and not _same_long_sound(heard[at:end], word):
                    corrected = corrected[:at] + heard[at:end] + corrected[end:]
                at = corrected.find(word, end)
        return corrected


def _same_long_sound(heard: str, word: str) -> bool:
    return len(word) >= _NO_ACCIDENT and [_sound(sign) for sign in heard] == [_sound(sign) for sign in word]


def _is_han(character: str) -> bool:
    return "一" <= character <= "鿿"


@lru_cache(maxsize=16384)
def _sound(character: str) -> str:
    return str(lazy_pinyin(character, style=Style.NORMAL)[0])


def _swaps(sound: str, by_sound: dict[str, list[str]]) -> list[tuple[str, float]]:
    """Characters a sound may stand for, with what a swap costs beyond the base price."""
    same = [(character, 0.0) for character in by_sound[sound]]
    near = [
        (character, _NEARLY)
        for other, characters in by_sound.items()
        if _nearly_alike(sound, other)
        for character in characters
    ]
    return same + near


def _nearly_alike(one: str, other: str) -> bool:
    (initial_1, final_1), (initial_2, final_2) = _split(one), _split(other)
    if initial_1 == initial_2:
        return frozenset((final_1, final_2)) in _ALIKE
    return final_1 == final_2 and frozenset((initial_1, initial_2)) in _ALIKE


@lru_cache(maxsize=2048)
def _split(sound: str) -> tuple[str, str]:
    initial = next((initial for initial in _INITIALS if sound.startswith(initial)), "")
    return initial, sound[len(initial) :]
