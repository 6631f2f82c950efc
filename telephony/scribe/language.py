"""How likely a sentence is in this city's calls: a character 4-gram model with absolute discounting.

Ney, Essen, Kneser: On structuring probabilistic dependences in stochastic language modelling (1994).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable

ORDER = 4
START = "^" * (ORDER - 1)
_END = "$"
_DISCOUNT = 0.75
_UNKNOWN = 1 / 6000  # as many characters as are in common use


class CharacterModel:
    """Learnt from sentences without punctuation; log probabilities are natural."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self._counts: Counter[str] = Counter()
        self._totals: defaultdict[str, int] = defaultdict(int)
        self._kinds: defaultdict[str, int] = defaultdict(int)
        self.characters: Counter[str] = Counter()
        for sentence in sentences:
            self._read(sentence)
        for gram, count in self._counts.items():
            self._totals[gram[:-1]] += count
            self._kinds[gram[:-1]] += 1
        self._known: dict[tuple[str, str], float] = {}

    def _read(self, sentence: str) -> None:
        self.characters.update(sentence)
        for order in range(1, ORDER + 1):
            padded = f"{START[: order - 1]}{sentence}{_END}"
            self._counts.update(padded[at : at + order] for at in range(len(padded) - order + 1))

    def log_probability(self, before: str, character: str) -> float:
        """Of a character after the last ``ORDER - 1`` before it (:data:`START` at the beginning)."""
        key = (before, character)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = math.log(self._probability(before, character))
        return known

    def _probability(self, before: str, character: str) -> float:
        probability = _UNKNOWN
        for length in range(len(before) + 1):
            context = before[len(before) - length :]
            total = self._totals.get(context, 0)
            if not total:
                break
            seen = max(self._counts.get(context + character, 0) - _DISCOUNT, 0.0)
            probability = seen / total + _DISCOUNT * self._kinds[context] / total * probability
        return probability
