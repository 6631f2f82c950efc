"""messages.yaml, prompts.yaml and emergency_words.csv: what the city says and what it listens for."""

from __future__ import annotations

from collections.abc import Container, Iterable
from pathlib import Path
from string import Formatter

from models.codes import NotAcceptReason
from routing.city.document import Document, read_document
from routing.city.faults import Findings
from routing.city.table import Row, Seen, read_table

MESSAGES, PROMPTS, EMERGENCY_WORDS = "messages.yaml", "prompts.yaml", "emergency_words.csv"
NOT_ACCEPTED = "not_accepted.csv"
EMERGENCY_LEAVES = "emergency_leaves"


_EVERYWHERE = frozenset({"ticket_no", "query_code"})
MESSAGE_SLOTS: dict[str, frozenset[str]] = {
    key: _EVERYWHERE | frozenset(slots.split())
    for key, slots in {
        "受理": "",
        "派单": "unit due",
        "派单无时限": "unit",
        "延期": "due reason",
        "挂账": "due reason",
        "进展": "due progress",
        "补充": "due",
        "办结": "link",
        "并案": "master_no",
        "并案答复": "master_no reply",
        "不予受理": "reason route",
        "重办": "unit due",
        "督办": "unit",
        "撤单": "",
        "维持": "",
        "漏接": "due",
        "转接失败": "target",
    }.items()
}
"""The occasions on which a citizen is written to, and what can be said on each (app/messages fills it in)."""


def read_messages(root: Path, findings: Findings) -> dict[str, str]:
    """Templates by occasion; each must be one that `str.format` can fill. An occasion without one is not written of."""
    messages: dict[str, str] = {}
    document = read_document(root, MESSAGES, findings)
    for key in document.names() if document else ():
        assert document is not None
        messages[key] = document.get(key, str, "")
        if key in MESSAGE_SLOTS:
            _check_slots(document, key, messages[key])
        else:
            document.fault(f"没有“{key}”这种短信，应为：{'、'.join(MESSAGE_SLOTS)}", key)
    missing = [key for key in MESSAGE_SLOTS if key not in messages]
    if document and missing:
        findings.warn(f"{MESSAGES} 没有这些短信的模板，将不发送：{'、'.join(missing)}")
    return messages


def _check_slots(document: Document, key: str, text: str) -> None:
    try:
        parts = [part[1:] for part in Formatter().parse(text) if part[1] is not None]
    except ValueError:
        parts = [("", "", None)]
    # a format or a conversion could only misfire: what is filled in is text
    if not all(slot and slot.isidentifier() and not form and not turned for slot, form, turned in parts):
        document.fault(f"“{key}”的花括号不成对或栏位名不对，应写作 {{ticket_no}}", key)
        return
    for slot, _, _ in parts:
        if slot not in MESSAGE_SLOTS[key]:
            known = "、".join(sorted(MESSAGE_SLOTS[key]))
            document.fault(f"“{key}”没有栏位“{slot}”，可用：{known}", key)


def read_prompts(root: Path, findings: Findings) -> dict[str, str]:
    """Spoken texts by key. A text without its sound is a warning: the call skips it."""
    prompts: dict[str, str] = {}
    document = read_document(root, PROMPTS, findings)
    for key in document.names() if document else ():
        prompts[key] = document.get(key, str, "") if document else ""
        if not (root / "prompts" / f"{key}.wav").is_file():
            findings.warn(f"提示音 prompts/{key}.wav 不存在，通话中将跳过")
    return prompts


def read_emergency_words(root: Path, findings: Findings) -> list[tuple[str, str, str]]:
    """(phrase, group, companion groups joined by ";"). Companions must be groups of the file."""
    words: list[tuple[str, str, str]] = []
    rows: list[Row] = read_table(root, EMERGENCY_WORDS, ("phrase", "group", "companion"), findings)
    groups = {row.cells["group"] for row in rows}
    seen = Seen("词语")
    for row in rows:
        companions = row.items("companion")
        for companion in companions:
            if companion not in groups:
                row.fault(f"旁证组“{companion}”没有任何词语")
        word = (row.text("phrase"), row.text("group"), ";".join(companions))
        # The same phrase may stand alone when read exactly and need a companion when matched by sound.
        if not seen.again((word[0], bool(companions)), word[0], row):
            words.append(word)
    return words


def read_not_accepted(root: Path, findings: Findings) -> list[tuple[str, str, str]]:
    """(reason, phrase, what is shown): words that hint at what the hotline may not accept."""
    words: list[tuple[str, str, str]] = []
    seen = Seen("词语")
    for row in read_table(root, NOT_ACCEPTED, ("reason", "phrase", "shown"), findings):
        word = (
            row.choice("reason", [reason.value for reason in NotAcceptReason]),
            row.text("phrase"),
            row.text("shown"),
        )
        if not seen.again(word[1], word[1], row):
            words.append(word)
    return words


def read_emergency_leaves(
    city: Document, words: Iterable[tuple[str, str, str]], categories: Container[str]
) -> dict[str, tuple[str, ...]]:
    """Group of emergency words → leaves, from city.yaml; none where the city gives none."""
    leaves: dict[str, tuple[str, ...]] = {}
    mapping = city.mapping(EMERGENCY_LEAVES) if EMERGENCY_LEAVES in city.names() else None
    groups = {group for _, group, _ in words}
    for group in mapping.names() if mapping else ():
        assert mapping is not None
        leaves[group] = mapping.texts(group)
        if group not in groups:
            mapping.fault(f"{EMERGENCY_WORDS} 中没有“{group}”组的词语", group)
        for leaf in leaves[group]:
            if leaf not in categories:
                mapping.fault(f"类别“{leaf}”不存在", group)
    return leaves
