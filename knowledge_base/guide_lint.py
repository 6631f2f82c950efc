"""Service guides say what they ask for: no vague materials (Article 10), all elements (Articles 8, 19, 20)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

ELEMENTS = ("名称", "依据", "受理条件", "申请材料", "办理流程", "办理时限", "收费")
"""What the measures' Articles 8, 19 and 20 want to be told beforehand."""

_VAGUE = re.compile(
    r"其他(?:相关|有关|必要)?(?:的)?(?:材料|资料|证明)|(?:有关|相关)(?:的)?(?:材料|资料|证明)|等(?:材料|资料|证明)?$"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """``line`` counts from 1; ``rule`` is stable; ``message`` is Chinese."""

    line: int
    rule: str
    message: str


def lint(path: Path) -> list[Finding]:
    """What is wrong with a guide (YAML, or JSON as a part of it); nothing: it may be published."""
    try:
        guide = YAML(typ="rt").load(path.read_text("utf-8"))
    except (YAMLError, ValueError) as error:  # ValueError: not UTF-8, or a date like 2026-13-45
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        return [Finding(line, "guide.unreadable", "无法读取：不是有效的 YAML 或 UTF-8 文本")]
    if not isinstance(guide, dict):
        return [Finding(1, "guide.form", "办事指南应为“要素: 内容”的形式")]
    findings = [
        Finding(1, "guide.missing_element", f"缺少要素：{element}")
        for element in ELEMENTS
        if guide.get(element) in (None, "", [], {})  # 收费: 0 tells something
    ]
    findings += _vague_materials(guide)
    return sorted(findings, key=lambda finding: finding.line)


def _vague_materials(guide: Any) -> list[Finding]:
    materials = guide.get("申请材料")
    if isinstance(materials, str):
        materials_line = guide.lc.value("申请材料")[0] + 1
        named = [(materials_line, part) for part in re.split(r"[、，,；;\n]", materials)]
    elif isinstance(materials, list):
        named = [
            (materials.lc.item(number)[0] + 1, text)  # type: ignore[attr-defined]
            for number, item in enumerate(materials)
            for text in _texts(item)
        ]
    elif isinstance(materials, dict):
        named = [
            (materials.lc.key(key)[0] + 1, text)  # type: ignore[attr-defined]
            for key, item in materials.items()
            for text in (str(key), *_texts(item))
        ]
    else:
        return []
    return [
        Finding(line, "guide.vague_material", f"申请材料不得含糊：{text.strip()}")
        for line, text in named
        if _VAGUE.search(text.strip().rstrip("。"))
    ]


def _texts(item: Any) -> list[str]:
    """What one material says: itself, or its parts (名称, 份数 …)."""
    if isinstance(item, dict):
        return [text for part in item.values() for text in _texts(part)]
    return [str(item)]
