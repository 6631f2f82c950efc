"""``hotline classify``, ``train``, ``evaluate``, ``deadline``, ``guide lint``."""

from __future__ import annotations

import json

import pytest

from .telling import CONSULT, FIRE


def test_a_deadline_skips_the_holiday_and_counts_the_make_up_day(hotline):
    ran = hotline("deadline", "--limit", "5wd", "--from", "2026-09-30T17:30+08:00")
    assert ran.code == 0
    # 10-01 to 10-07 off; 8, 9, 10 (Saturday, make-up), 12, 13
    assert ran.json["due"] == "2026-10-13T18:00:00+08:00"
    assert ran.json["steps"]
    assert ran.err == ""


def test_a_start_without_an_offset_is_the_citys_time(hotline):
    ran = hotline("deadline", "--limit", "2h", "--from", "2026-11-24T23:30", "--city", "yinchuan")
    assert ran.json["due"] == "2026-11-25T01:30:00+08:00"


@pytest.mark.parametrize("limit", ["5xd", "5xx", "wd", "-1d", ""])
def test_a_limit_that_is_none_is_wrong_usage_and_says_so(hotline, limit):
    ran = hotline("deadline", "--limit", limit, "--from", "2026-09-30T17:30+08:00")
    assert (ran.code, ran.out) == (2, "")
    assert "limit.invalid" in ran.err
    assert limit in ran.err


@pytest.mark.parametrize("start", ["gestern", "2026-13-01", "2026-09-31T10:00"])
def test_a_start_that_is_no_time_is_wrong_usage_and_says_so(hotline, start):
    ran = hotline("deadline", "--limit", "5wd", "--from", start)
    assert (ran.code, ran.out) == (2, "")
    assert f"{start!r} 不是 ISO 8601 时间" in ran.err


def test_a_year_without_a_calendar_is_refused_and_not_guessed(hotline):
    ran = hotline("deadline", "--limit", "5wd", "--from", "2030-01-01T10:00")
    assert (ran.code, ran.out) == (1, "")
    assert "calendar.year_missing" in ran.err


def test_an_unknown_city_is_one_line_and_exit_1(hotline):
    ran = hotline("deadline", "--limit", "5wd", "--from", "2026-01-01T10:00", "--city", "atlantis")
    assert (ran.code, ran.out) == (1, "")
    assert "hotline: city.invalid: " in ran.err
    assert "Traceback" not in ran.err


def test_each_line_of_text_is_judged_on_a_line(hotline, judge):
    ran = hotline("classify", stdin=f"{CONSULT}\n\n{FIRE}\n")
    assert ran.code == 0
    consult, fire = (json.loads(line) for line in ran.out.splitlines())
    assert (consult["type"], consult["category"], consult["path"], consult["urgency"], consult["place"]) == (
        "咨询", "140302", "政务营商/税务公积金/公积金提取/贷款", 3, None
    )  # fmt: skip
    assert consult["limits"]["profile"] == "Q"
    assert consult["limits"]["texts"]["finish"] == "2wd"
    assert len(consult["alternatives"]) == 3
    assert (fire["urgency"], fire["district"], fire["limits"]["profile"]) == (1, "金凤区", "E1")
    assert {"unit", "tier", "confidence", "reasons", "rule", "basis", "confirm", "title", "model"} <= fire.keys()


def test_json_lines_may_carry_a_title_and_a_number(hotline, judge):
    row = json.dumps({"text": CONSULT, "title": "公积金", "phone": "13900000001"}, ensure_ascii=False)
    ran = hotline("classify", stdin=f"{row}\n")
    assert ran.code == 0
    assert json.loads(ran.out)["title"] == "公积金"
    assert "1390000" not in ran.out


@pytest.mark.parametrize("line", ['{"text": "x"', '{"title": "x"}'])
def test_a_broken_json_line_is_named(hotline, judge, line):
    ran = hotline("classify", stdin=f"{CONSULT}\n{line}\n")
    assert ran.code == 2
    assert "第 2 行不是有效的 JSON" in ran.err


LABELLED = [
    ("路灯不亮了", "照明"), ("路灯坏了没人修", "照明"), ("巷子里的路灯一直黑着", "照明"), ("路灯闪个不停", "照明"),
    ("灯杆倒了路灯灭了", "照明"), ("小区门口路灯不亮", "照明"), ("自来水停了", "供水"), ("家里没有自来水", "供水"),
    ("水管漏水停水", "供水"), ("自来水发黄", "供水"), ("停水两天了", "供水"), ("水压太低没有水", "供水"),
]  # fmt: skip


def _csv(path, rows, encoding="utf-8"):
    lines = ["标题,内容,类别", *(f"{text[:2]},{text},{label}" for text, label in rows)]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return str(path)


def test_a_city_learns_from_its_history_and_measures_what_it_learnt(hotline, tmp_path):
    file, model = _csv(tmp_path / "history.csv", LABELLED * 3), str(tmp_path / "model.skops")
    ran = hotline("train", file, "--text", "内容", "--label", "类别", "--out", model)
    assert ran.code == 0, ran.err
    assert ran.json["model"] == model
    ran = hotline("evaluate", model, file, "--text", "内容", "--label", "类别")
    assert ran.code == 0
    assert ran.json["n"] == 36
    assert ran.json["accuracy"] >= 0.9
    assert {"macro_f1", "top3", "ece", "accuracy_at_80", "texts_per_s", "baseline_accuracy"} <= ran.json.keys()


def test_several_columns_are_a_title_and_a_body(hotline, tmp_path):
    file, model = _csv(tmp_path / "history.csv", LABELLED * 3), str(tmp_path / "model.skops")
    assert hotline("train", file, "--text", "标题,内容", "--label", "类别", "--out", model).code == 0
    assert hotline("evaluate", model, file, "--text", "标题,内容", "--label", "类别").json["accuracy"] >= 0.9


def test_a_column_that_is_missing_is_named(hotline, tmp_path):
    ran = hotline("train", _csv(tmp_path / "h.csv", LABELLED), "--text", "正文", "--label", "类别", "--out", "m")
    assert ran.code == 2
    assert "h.csv 缺少列：正文" in ran.err


def test_a_file_in_another_encoding_is_named(hotline, tmp_path):
    file = _csv(tmp_path / "h.csv", LABELLED, "gb18030")
    ran = hotline("train", file, "--text", "内容", "--label", "类别", "--out", "m")
    assert ran.code == 2
    assert "h.csv 不是 UTF-8 编码" in ran.err


def test_too_little_to_learn_from_is_exit_1(hotline, tmp_path):
    ran = hotline("train", _csv(tmp_path / "h.csv", []), "--text", "内容", "--label", "类别", "--out", "m")
    assert (ran.code, ran.out) == (1, "")
    assert "Traceback" not in ran.err


def test_what_is_no_model_is_exit_1(hotline, tmp_path):
    file = _csv(tmp_path / "h.csv", LABELLED)
    ran = hotline("evaluate", file, file, "--text", "内容", "--label", "类别")
    assert (ran.code, ran.out) == (1, "")
    assert "Traceback" not in ran.err


def test_training_wants_a_file_or_the_built_in_examples(hotline):
    ran = hotline("train")
    assert ran.code == 2
    assert "--built-in" in ran.err


def test_the_built_in_model_tells_what_it_learnt_of(hotline, judge, monkeypatch):
    monkeypatch.setattr("app.cli.routing.build", lambda _examples, _out: judge._model)  # loading it again takes long
    ran = hotline("train", "--built-in")
    assert ran.code == 0
    assert set(ran.json) == {"leaf", "type"}


GUIDE = """\
名称: 公积金提取
依据: 住房公积金管理条例
受理条件: 购买自住住房
申请材料:
  - 身份证
  - {material}
办理流程: 申请、受理、审核
办理时限: 3 个工作日
收费: 不收费
"""


def test_a_guide_that_says_what_it_asks_for_passes(hotline, tmp_path):
    (tmp_path / "g.yaml").write_text(GUIDE.format(material="购房合同"), "utf-8")
    ran = hotline("guide", "lint", "g.yaml")
    assert (ran.code, ran.json) == (0, {"file": "g.yaml", "ok": True, "findings": []})


def test_a_guide_that_asks_for_other_materials_is_refused_with_the_line(hotline, tmp_path):
    (tmp_path / "g.yaml").write_text(GUIDE.format(material="其他材料"), "utf-8")
    ran = hotline("guide", "lint", "g.yaml")
    assert ran.code == 1
    assert [(finding["line"], finding["rule"]) for finding in ran.json["findings"]] == [(6, "guide.vague_material")]
