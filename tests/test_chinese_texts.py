"""Texts for people: Chinese words with Chinese punctuation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("app", "routing", "knowledge_base", "telephony", "models")
WORD = "[\u4e00-\u9fff\u201c\u201d]"
HALF_WIDTH = re.compile(f"{WORD}[,;:!?(]|[,;!?)]{WORD}")
PATTERN = re.compile(r"[\\|\[]|\(\?|\{\d")
"""What is a regular expression, not a text."""
NOT_PROSE = {
    "HOTLINE_ATTACHMENT_CLAMD 应为 unix:///路径 或 tcp://主机:端口",  # addresses
    "办事指南应为“要素: 内容”的形式",  # YAML
    "以下是普通话的句子,市民拨打热线反映问题。",  # what the recogniser's model is prompted with
}


def _texts(source: str) -> Iterator[str]:
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_what_people_read_has_no_half_width_punctuation():
    files = [file for part in PARTS for file in sorted((ROOT / part).rglob("*.py"))]
    found = [
        (str(file.relative_to(ROOT)), said)
        for file in files
        for said in _texts(file.read_text("utf-8"))
        if HALF_WIDTH.search(said) and not PATTERN.search(said) and said not in NOT_PROSE
    ]
    assert len(files) > 100
    assert found == []
