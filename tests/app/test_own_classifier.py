"""A city trains on its own history with the documented command, and the worker takes what that writes."""

from __future__ import annotations

import csv

import pytest

from app.clock import utc_now
from app.jobs import drafting
from routing.errors import ModelError

WATER, LAMPS = "030101", "020403"


@pytest.fixture
def trained(hotline, tmp_path, monkeypatch):
    """Trains on (text, label) rows with `hotline train` and points the worker at the file."""

    def train(rows):
        history = tmp_path / "history.csv"
        with history.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("标题", "内容", "类别"), *(("来电", text, label) for text, label in rows)])
        out = tmp_path / "own.skops"
        ran = hotline("train", str(history), "--text", "标题,内容", "--label", "类别", "--out", str(out))
        assert ran.code == 0, ran.err
        monkeypatch.setenv("HOTLINE_CLASSIFIER", str(out))
        return drafting._first.__wrapped__  # loaded once a process otherwise

    return train


def test_the_worker_judges_with_the_model_that_hotline_train_wrote(trained):
    load = trained([("小区停水了", WATER), ("楼里停水了", WATER), ("路灯坏了不亮", LAMPS), ("路灯不亮了", LAMPS)])
    found = load().assess("我们楼停水了", now=utc_now())
    assert found.category == WATER
    assert {other.category for other in found.alternatives} == {LAMPS}
    assert found.type == "求助"


def test_a_model_with_other_labels_than_the_citys_is_refused_at_the_start(trained):
    load = trained([("小区停水了", "供水公司"), ("楼里停水了", "供水公司"), ("路灯坏了", LAMPS), ("路灯不亮", LAMPS)])
    with pytest.raises(ModelError, match=r"own\.skops 的标签不是本市的类别代码：供水公司"):
        load()
