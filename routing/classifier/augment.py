"""Examples as a recogniser would have written them: homophones, no punctuation. Seeded: the same each time."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from routing.pinyin import syllables
from routing.text import bare

_SHARE = 0.15


def misheard(texts: Sequence[str], *, seed: int = 12345) -> list[str]:
    """One misheard copy of each text; characters are swapped for others of the same sound that occur in ``texts``."""
    rng = random.Random(seed)  # noqa: S311  (no secret)
    by_sound: dict[str, list[str]] = defaultdict(list)
    for char in sorted({char for text in texts for char in text if "一" <= char <= "鿿"}):
        by_sound[syllables(char)[0]].append(char)
    copies = []
    for text in texts:
        plain = bare(text)
        copies.append(
            "".join(
                rng.choice(by_sound[syllables(char)[0]]) if "一" <= char <= "鿿" and rng.random() < _SHARE else char
                for char in plain
            )
        )
    return copies
