"""A service guide names every element and no vague material."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.guide_lint import ELEMENTS, Finding, lint

COMPLETE = """\
名称: 食品经营许可
依据: 食品安全法第三十五条
受理条件: 有固定的经营场所
申请材料:
  - 营业执照
  - 法定代表人身份证
办理流程: 申请、受理、审查、决定
办理时限: 10个工作日
收费: 0
"""


@pytest.fixture
def lint_text(tmp_path: Path):
    def check(text: str | bytes) -> list[Finding]:
        path = tmp_path / "guide.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return lint(path)

    return check


def test_a_complete_guide_with_named_materials_may_be_published(lint_text):
    assert lint_text(COMPLETE) == []


def test_a_guide_in_json_is_read_as_well(lint_text):
    elements = ", ".join(f'"{element}": "有"' for element in ELEMENTS)
    assert lint_text("{" + elements + "}") == []


@pytest.mark.parametrize("element", ELEMENTS)
def test_an_element_that_is_left_out_is_named(lint_text, element):
    kept = "".join(f"{name}: 有\n" for name in ELEMENTS if name != element)
    assert [(finding.line, finding.rule, finding.message[-len(element) :]) for finding in lint_text(kept)] == [
        (1, "guide.missing_element", element)
    ]


@pytest.mark.parametrize("nothing", ["", "''", "[]", "{}", "null"])
def test_an_element_that_says_nothing_is_missing(lint_text, nothing):
    assert [finding.rule for finding in lint_text(COMPLETE.replace("10个工作日", nothing))] == ["guide.missing_element"]


@pytest.mark.parametrize("nothing_to_pay", ["0", "false", "不收费"])
def test_no_fee_is_a_fee_that_was_told(lint_text, nothing_to_pay):
    assert lint_text(COMPLETE.replace("收费: 0", f"收费: {nothing_to_pay}")) == []


@pytest.mark.parametrize(
    "vague",
    ["其他材料", "其他相关材料", "其他必要的证明", "有关材料", "相关资料", "户口本等材料", "身份证等", "有关的证明。"],
)
def test_a_vague_material_is_refused_with_its_line(lint_text, vague):
    findings = lint_text(COMPLETE.replace("法定代表人身份证", vague))
    assert [(finding.line, finding.rule) for finding in findings] == [(6, "guide.vague_material")]
    assert vague in findings[0].message


@pytest.mark.parametrize("named", ["户口等级证明", "房屋租赁合同", "其他股东身份证", "无犯罪记录证明"])
def test_a_material_that_merely_looks_vague_passes(lint_text, named):
    assert lint_text(COMPLETE.replace("法定代表人身份证", named)) == []


@pytest.mark.parametrize("separator", ["、", "，", ",", "；", ";"])
def test_materials_in_one_line_are_judged_one_by_one(lint_text, separator):
    line = f"申请材料: 营业执照{separator}其他材料{separator}身份证"
    text = COMPLETE.replace("申请材料:\n  - 营业执照\n  - 法定代表人身份证", line)
    findings = lint_text(text)
    assert [(finding.line, finding.message.endswith("其他材料")) for finding in findings] == [(4, True)]


def test_a_material_with_parts_is_judged_by_what_its_parts_say(lint_text):
    listed = COMPLETE.replace("- 法定代表人身份证", "- 名称: 其他相关材料\n    份数: 1")
    assert [finding.line for finding in lint_text(listed)] == [6]
    mapped = COMPLETE.replace("  - 营业执照\n  - 法定代表人身份证", "  营业执照: 原件\n  其他材料: 复印件")
    assert [(finding.line, finding.message.endswith("其他材料")) for finding in lint_text(mapped)] == [(6, True)]


def test_findings_come_in_the_order_of_the_lines(lint_text):
    text = "名称: 甲\n申请材料:\n  - 其他材料\n  - 有关证明\n"
    findings = lint_text(text)
    assert [finding.line for finding in findings] == [1, 1, 1, 1, 1, 3, 4]


@pytest.mark.parametrize("text", ["", "- 名称\n- 依据\n", "只是一句话\n", "12345\n"])
def test_what_is_no_list_of_elements_is_told_so(lint_text, text):
    assert [finding.rule for finding in lint_text(text)] == ["guide.form"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("名称: [未完\n依据: 有\n", 2),
        ("名称: 甲\n名称: 乙\n", 2),
        ("名称: 2026-13-45\n", 1),
        ("名称: 许可".encode("gbk"), 1),
    ],
)
def test_an_unreadable_guide_is_one_finding_at_its_line(lint_text, text, line):
    findings = lint_text(text)
    assert [finding.rule for finding in findings] == ["guide.unreadable"]
    assert findings[0].line == line
