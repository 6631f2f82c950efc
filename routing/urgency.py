"""Words of danger in what was said, and how urgent an appeal is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from routing.pinyin import distance, syllables
from routing.text import bare

EmergencyWord = tuple[str, str, str]
"""(phrase, group, companion groups joined by ";" or "")."""

_UNSAID = re.compile(
    r"(没有?|并未|不是|未|无|避免|防止|预防|以免|免得|万一|如果|要是|假如|一旦|怕|担心|容易|引起|引发|造成|存在|恐怕|会不会)[^,。!?]{0,6}$"
)
_PAST = re.compile(r"(上个?月|上周|上次|去年|前年|以前|之前|曾经?|早先|过去|前段时间)[^,。!?]{0,10}$")
_NOW = ("现在", "正在", "还在", "刚刚", "刚才", "马上", "快", "赶快", "赶紧", "救")
_FUZZY = 0.2
_SHORTEST_FUZZY = 2
_SURE_LEAF = 0.25
_CALM_TYPES = frozenset({"表扬", "建议", "咨询"})
_TRANSFER_LEAVES = frozenset({"100101", "100103", "100201", "100301", "040303"})
"""Leaves of the T profile that are a danger of the moment when somebody asks for help (domain.md §5)."""


@dataclass(frozen=True, slots=True)
class Cue:
    """``heard`` is the piece of text; ``exact`` False: only its sound is that of ``phrase``."""

    group: str
    phrase: str
    heard: str
    exact: bool


def find_cues(text: str, words: Sequence[EmergencyWord]) -> list[Cue]:
    """Cues of a present danger: what is denied, feared or past is none.

    An exact phrase counts by itself unless it needs a companion; one that merely sounds alike always needs another
    cue of a different group beside it (ordinary sentences sound like dangers: 找活, 着火).
    """
    clauses = [bare(clause) for clause in re.split(r"[。!?;\n]", text) if bare(clause)]
    candidates = [cue for clause in clauses for cue in _in_clause(clause, words)]
    present = {cue.group for cue in candidates if cue.exact}
    needs: dict[tuple[str, str], set[str]] = {}
    alone: set[tuple[str, str]] = set()
    for phrase, group, companions in words:
        if companions:
            needs.setdefault((phrase, group), set()).update(companions.split(";"))
        else:
            alone.add((phrase, group))
    return [cue for cue in candidates if _counts(cue, alone, needs, present - {cue.group})]


def _counts(cue: Cue, alone: set[tuple[str, str]], needs: dict[tuple[str, str], set[str]], others: set[str]) -> bool:
    """Whether a cue stands, given the groups of which another phrase was said outright."""
    key = (cue.phrase, cue.group)
    if cue.exact and key in alone:
        return True
    return bool(needs[key] & others) if key in needs else bool(others)


def _in_clause(clause: str, words: Sequence[EmergencyWord]) -> list[Cue]:
    sounds = syllables(clause)
    cues = []
    for phrase, group, _ in words:
        at = clause.find(phrase)
        if at >= 0:
            if not _unsaid(clause, at):
                cues.append(Cue(group, phrase, phrase, exact=True))
        elif len(phrase) >= _SHORTEST_FUZZY and len(sounds) == len(clause):
            cues.extend(_by_sound(clause, sounds, phrase, group))
    return cues


def _by_sound(clause: str, sounds: tuple[str, ...], phrase: str, group: str) -> list[Cue]:
    wanted = syllables(phrase)
    length = len(phrase)
    for start in range(len(clause) - length + 1):
        window = sounds[start : start + length]
        if window[0] != wanted[0] and window[-1] != wanted[-1]:
            continue
        if distance(window, wanted, limit=_FUZZY) <= _FUZZY and not _unsaid(clause, start):
            return [Cue(group, phrase, clause[start : start + length], exact=False)]
    return []


def _unsaid(clause: str, at: int) -> bool:
    before = clause[:at]
    if _UNSAID.search(before):
        return True
    return bool(_PAST.search(before)) and not any(word in clause for word in _NOW)


def urgency(profile: str, leaf: str, leaf_confidence: float, kind: str, cues: Sequence[Cue]) -> int:
    """1 特急, 2 紧急, 3 一般 (domain.md §2.1).

    A danger that was said outright is 1 whatever the class; a leaf of profile E1 is 1 unless the caller only praises,
    asks or suggests; E2 is 2.
    """
    exact = any(cue.exact for cue in cues)
    calm = kind in _CALM_TYPES
    if exact and not (calm and kind != "咨询"):
        return 1
    if not calm and leaf_confidence >= _SURE_LEAF and (profile == "E1" or leaf in _TRANSFER_LEAVES):
        return 1
    if profile in {"E1", "E2"} and kind not in {"表扬", "建议"}:
        return 2
    return 3
