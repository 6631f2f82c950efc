"""The appeal classifier: its examples, its two heads, and when it is trained anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from routing.classifier.appeals import AppealModel, Example, build, data_fingerprint, of_history, read_examples
from routing.classifier.model import LabelModel
from routing.errors import ModelError, TrainingError

from .conftest import EXAMPLES

HEADER = "leaf,type,text\n"
FEW = HEADER + "".join(
    f"{leaf},{kind},{text}{n}\n"
    for n in "甲乙丙丁"
    for leaf, kind, text in [
        ("030101", "求助", "我家停水了没有水"),
        ("030401", "投诉", "我家暖气不热"),
        ("090102", "投诉", "广场舞太吵了"),
    ]
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "examples"
    path.mkdir()
    (path / "01.csv").write_text(FEW, encoding="utf-8")
    return path


def test_examples_are_read_from_all_files_in_order(folder):
    (folder / "00.csv").write_text(HEADER + "010101,建议, 多种树 \n", encoding="utf-8")
    examples = read_examples(folder)
    assert examples[0] == Example("010101", "建议", "多种树")
    assert len(examples) == 13


def test_a_file_that_a_spreadsheet_saved_with_its_mark_is_read_as_well(folder):
    (folder / "02.csv").write_text(HEADER + "010101,建议,多种树\n", encoding="utf-8-sig")
    assert read_examples(folder)[-1].leaf == "010101"


@pytest.mark.parametrize(
    "line",
    [
        "010101,抱怨,物业不管",
        "010101,投诉,",
        "010101,投诉,   ",
        "010101,投诉",
        "010101,投诉,物业,不管",
        "010101,,物业不管",
    ],
)
def test_a_faulty_example_is_a_training_error_with_file_and_line(folder, line):
    (folder / "02.csv").write_text(f"{HEADER}010101,投诉,物业不管\n{line}\n", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"02\.csv:3") as caught:
        read_examples(folder)
    assert caught.value.id == "classifier.training"


def test_a_file_with_other_columns_is_a_training_error(folder):
    (folder / "02.csv").write_text("code,type,text\n010101,投诉,物业不管\n", encoding="utf-8")
    with pytest.raises(TrainingError, match=r"02\.csv:2"):
        read_examples(folder)


def test_a_folder_without_examples_is_a_training_error(tmp_path: Path):
    with pytest.raises(TrainingError, match="没有训练样例"):
        read_examples(tmp_path)


def test_a_new_model_is_trained_saved_and_loaded_the_next_time(folder, tmp_path, monkeypatch):
    out = tmp_path / "model"
    model = build(folder, out)
    assert {file.name for file in out.iterdir()} == {"leaf.skops", "type.skops", "fingerprint"}
    monkeypatch.setattr(AppealModel, "train", lambda *_: pytest.fail("trained again"))
    again = build(folder, out)
    assert again.judge("停水了") == model.judge("停水了")
    assert again.version == model.version


def test_another_example_makes_the_model_stale_and_it_is_trained_anew(folder, tmp_path):
    out = tmp_path / "model"
    old, stamp = build(folder, out), data_fingerprint(folder)
    with (folder / "01.csv").open("a", encoding="utf-8") as file:
        file.write("030101,求助,水管裂了没有水\n")
    new = build(folder, out)
    assert new.leaf.about["n"] == old.leaf.about["n"] + 1
    assert new.version != old.version
    assert (out / "fingerprint").read_text() == data_fingerprint(folder) != stamp


@pytest.mark.parametrize("file", ["leaf.skops", "type.skops"])
@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"broken")])
def test_a_model_that_is_lost_or_broken_is_trained_anew(folder, tmp_path, file, damage):
    out = tmp_path / "model"
    build(folder, out)
    damage(out / file)
    with pytest.raises(ModelError):
        AppealModel.load(out)
    assert build(folder, out).judge("停水了没有水")[0].label == "030101"
    assert AppealModel.load(out).judge("停水了没有水")[0].label == "030101"


def test_a_training_that_fails_leaves_no_stamp_on_the_old_model(folder, tmp_path):
    out = tmp_path / "model"
    build(folder, out)
    (folder / "01.csv").write_text(HEADER + "010101,抱怨,物业\n", encoding="utf-8")
    with pytest.raises(TrainingError):
        build(folder, out)
    assert not (out / "fingerprint").exists()


def test_the_projects_examples_cover_every_leaf_with_several_types(city):
    examples = read_examples(EXAMPLES)
    leaves = {category.code for category in city.categories}
    assert {example.leaf for example in examples} == leaves
    counts = {leaf: sum(example.leaf == leaf for example in examples) for leaf in leaves}
    assert min(counts.values()) >= 10
    assert len({example.type for example in examples}) >= 6


def test_no_example_stands_under_two_leaves():
    leaves: dict[str, set[str]] = {}
    for example in read_examples(EXAMPLES):
        leaves.setdefault(example.text, set()).add(example.leaf)
    assert {text: found for text, found in leaves.items() if len(found) > 1} == {}


def test_a_citys_own_model_of_leaves_works_beside_the_built_head_of_types(folder, tmp_path):
    built = build(folder, tmp_path / "built")
    texts = ["水管爆了没有水", "水管爆了全楼没水", "物业不管事", "物业太懒不管事"]
    LabelModel.train(texts, ["030101", "030101", "010101", "010101"]).save(tmp_path / "own.skops")
    own = of_history(tmp_path / "own.skops", folder, tmp_path / "built")
    leaf, kind = own.judge("水管爆了没有水")
    assert leaf.label == "030101"
    assert kind == built.judge("水管爆了没有水")[1]
    assert own.version != built.version


def test_a_folder_with_both_heads_is_taken_as_it_is(folder, tmp_path):
    built = build(folder, tmp_path / "built")
    own = of_history(tmp_path / "built", folder, tmp_path / "nowhere")
    assert own.judge("停水了没有水") == built.judge("停水了没有水")
    assert not (tmp_path / "nowhere").exists()


def test_labels_that_the_city_cannot_route_are_refused_by_name(folder, tmp_path):
    texts = ["水管爆了没有水", "水管爆了全楼没水", "物业不管事", "物业太懒不管事"]
    LabelModel.train(texts, ["供水科", "供水科", "010101", "010101"]).save(tmp_path / "own.skops")
    own = of_history(tmp_path / "own.skops", folder, tmp_path / "built")
    with pytest.raises(ModelError, match=r"own\.skops 的标签不是本市的类别代码：供水科$"):
        own.check({"010101", "030101"}, "own.skops")
    own.check({"010101", "供水科"}, "own.skops")


def test_of_many_strange_labels_ten_are_named_and_all_are_counted(folder, tmp_path):
    labels = [f"科室{number:02}" for number in range(12)] * 2
    LabelModel.train([f"{label}的事{label}管" for label in labels], labels).save(tmp_path / "own.skops")
    with pytest.raises(ModelError, match=r"科室00、.*科室09 等 12 个$"):
        of_history(tmp_path / "own.skops", folder, tmp_path / "built").check({"010101"}, "own")


def test_a_head_of_types_that_knows_other_types_is_refused(folder, tmp_path):
    built = build(folder, tmp_path / "built")
    AppealModel(built.leaf, built.leaf).save(tmp_path / "own")
    with pytest.raises(ModelError, match="不是本市的诉求类型"):
        of_history(tmp_path / "own", folder, tmp_path / "built").check(built.leaf.labels, "own")


def test_both_heads_judge_the_same_text(model):
    leaf, kind = model.judge("我要投诉，小区物业乱收物业费，公共收益也不公开。")
    assert (leaf.label, kind.label) == ("010102", "投诉")
    assert len(leaf.ranked) == len(model.leaf.labels)
    assert len(kind.ranked) == 3


def test_the_chances_of_the_classes_are_the_sums_over_their_leaves(model):
    text = "广场舞太吵了"
    tops = model.top_class_chances(text)
    row = dict(zip(model.leaf.labels, model.leaf.chances([text])[0], strict=True))
    assert sum(tops.values()) == pytest.approx(1)
    assert len(tops) == 14
    assert tops["09"] == pytest.approx(sum(chance for leaf, chance in row.items() if leaf.startswith("09")))
    assert max(tops, key=tops.get) == "09"


def test_the_version_names_the_examples_it_was_trained_on(model):
    assert model.version == f"appeals-{model.leaf.about['fingerprint']}"


@pytest.mark.parametrize(
    ("said", "misheard"),
    [
        ("小区物业乱收物业费", "小区误业乱收误业费"),
        ("半夜施工噪音吵得睡不着", "半夜失工造音吵得睡不着"),
        ("暖气不热屋里冷", "暖器不惹屋里冷"),
        ("农民工工资拖欠", "农民公公资拖欠"),
    ],
)
def test_a_misheard_text_gets_the_group_of_what_was_said(model, said, misheard):
    assert model.judge(misheard)[0].label[:4] == model.judge(said)[0].label[:4]


def test_out_of_fold_the_project_own_examples_reach_a_sane_figure(model):
    """Five folds; 118 leaves of about 19 deliberately unlike examples each (chance: under one in a hundred)."""
    assert model.leaf.about["cv_accuracy"] >= 0.42
    assert model.kind.about["cv_accuracy"] >= 0.7


def test_confidence_is_about_as_often_right_as_it_says(model):
    assert model.leaf.about["cv_ece"] <= 0.06
    assert model.kind.about["cv_ece"] <= 0.06


@pytest.mark.slow
def test_texts_it_has_not_seen_get_the_right_class_and_an_honest_confidence():
    """One fold of five held out of everything, vocabulary and calibration too."""
    examples = read_examples(EXAMPLES)
    held = examples[::5]
    trained = AppealModel.train([example for number, example in enumerate(examples) if number % 5])
    chances = trained.leaf.chances([example.text for example in held])
    best = [trained.leaf.labels[index] for index in chances.argmax(axis=1)]
    right = np.array([leaf == example.leaf for leaf, example in zip(best, held, strict=True)])
    top = np.array([leaf[:2] == example.leaf[:2] for leaf, example in zip(best, held, strict=True)])
    assert top.mean() >= 0.55
    assert right.mean() >= 0.4
    assert abs(chances.max(axis=1).mean() - right.mean()) <= 0.08
