"""A label model: learns, explains, survives the disk, refuses what is no model."""

from __future__ import annotations

import random
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import skops.io

from routing.classifier import features
from routing.classifier.evaluation import evaluate
from routing.classifier.model import LabelModel, fingerprint
from routing.errors import ModelError, TrainingError

SUBJECTS = {
    "供水": ["停水了", "水管爆了", "自来水浑浊", "水压太低", "水表坏了"],
    "供热": ["暖气不热", "供热温度低", "热费太贵", "暖气片漏水", "供热站没人"],
    "噪声": ["噪音扰民", "广场舞太吵", "半夜施工吵", "音响声音大", "吵得睡不着"],
}
OPENINGS = ["我们小区", "宁安北街这边", "请问", "我要投诉", "昨天晚上", "一直", "我家", "楼里"]


def sentences(count: int, subjects=SUBJECTS, seed: int = 1) -> tuple[list[str], list[str]]:
    rng = random.Random(seed)
    labels = [list(subjects)[n % len(subjects)] for n in range(count)]
    return [rng.choice(OPENINGS) + rng.choice(subjects[label]) for label in labels], labels


@pytest.fixture(scope="module")
def three() -> LabelModel:
    return LabelModel.train(*sentences(60), sound=True)


@pytest.fixture(scope="module")
def two() -> LabelModel:
    return LabelModel.train(*sentences(40, {name: SUBJECTS[name] for name in ("供水", "供热")}))


@pytest.fixture(params=["two", "three"])
def trained(request) -> LabelModel:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize(("text", "label"), [("我家停水了三天", "供水"), ("暖气一点不热", "供热")])
def test_a_text_gets_the_label_of_texts_like_it_be_there_two_labels_or_more(trained, text, label):
    judgement = trained.classify(text)
    assert judgement.label == label
    assert judgement.confidence == judgement.ranked[0][1] > 0.5


def test_probabilities_sum_to_one_and_are_ranked(trained):
    texts = ["停水", "暖气", "别的事", ""]
    chances = trained.chances(texts)
    assert chances.shape == (4, len(trained.labels))
    assert chances.sum(axis=1) == pytest.approx(np.ones(4))
    for text, row in zip(texts, chances, strict=True):
        ranked = trained.classify(text).ranked
        assert [chance for _, chance in ranked] == pytest.approx(sorted(row, reverse=True))


def test_only_as_many_labels_as_wanted_are_ranked(three):
    assert len(three.classify("停水了", top=2).ranked) == 2


def test_the_reasons_are_words_of_the_text_that_speak_for_its_label(trained):
    text = "我们小区暖气不热，供热站没人"
    reasons = trained.classify(text).reasons
    assert 1 <= len(reasons) <= 5
    assert all(reason in text and len(reason) > 1 for reason in reasons)
    assert any("暖气" in reason or "供热" in reason for reason in reasons)


def test_in_a_text_of_the_other_of_two_labels_the_reasons_are_the_other_ones(two):
    assert any("停水" in reason or "水" in reason for reason in two.classify("我家停水了").reasons)
    assert two.classify("毫不相干").reasons == ()


def test_no_punctuation_is_a_reason(three):
    reasons = three.classify("停水了，停水了。停水了，水压太低").reasons
    assert not set("，。 ") & set("".join(reasons))


def test_a_misheard_word_still_points_to_its_label(three):
    assert three.classify("暖七不惹").label == "供热"


def test_training_twice_gives_the_same_model():
    one, other = (LabelModel.train(*sentences(60)) for _ in range(2))
    assert np.array_equal(one.chances(["停水了", "吵"]), other.chances(["停水了", "吵"]))


def test_titles_are_learnt_from_as_a_block_of_their_own():
    texts, labels = sentences(60)
    model = LabelModel.train(["反映一个问题"] * 60, labels, titles=texts)
    assert model.classify("反映一个问题", "停水了").label == "供水"
    assert model.classify("停水了").label == "供水"  # the text's beginning stands for the title


def test_extra_texts_are_learnt_from_but_not_counted():
    texts, labels = sentences(30)
    model = LabelModel.train(texts, labels, extra=(["井盖丢了"] * 8, ["供水"] * 8))
    assert model.about["n"] == 30
    assert model.classify("井盖丢了").label == "供水"


def test_what_a_model_is_about_is_told(three):
    about = three.about
    assert (about["n"], about["classes"], about["format"]) == (60, 3, 2)
    assert about["fingerprint"] == fingerprint(*sentences(60))
    assert 0.9 <= about["cv_accuracy"] <= 1
    assert {word for word in about["keywords"]["供热"] if "暖" in word or "热" in word}
    assert LabelModel.train(["停水了"] * 3 + ["暖气不热"] * 2, list("甲甲甲乙乙")).about["majority"] == "甲"


@pytest.mark.parametrize(
    ("texts", "labels", "titles"),
    [
        ([], [], None),
        (["停水", "停水"], ["甲", "甲"], None),
        (["停水", "停水"], ["甲"], None),
        (["停水", "停水"], ["甲", "乙"], ["只有一个"]),
        (["停水", "路灯"], ["甲", "乙"], None),
    ],
)
def test_data_from_which_nothing_can_be_learnt_is_a_training_error(texts, labels, titles):
    with pytest.raises(TrainingError) as caught:
        LabelModel.train(texts, labels, titles)
    assert caught.value.id == "classifier.training"


def test_a_label_with_a_single_text_does_not_spoil_the_calibration_of_the_others():
    """Labels by the toss of a coin: learnt by heart, yet nothing new can be told, and the model must know it."""
    rng = random.Random(7)
    texts = ["".join(rng.sample("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未", 8)) for _ in range(60)]
    labels = [rng.choice(["正", "反"]) for _ in texts]
    unseen = ["".join(rng.sample("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未", 8)) for _ in range(40)]
    for model in (LabelModel.train(texts, labels), LabelModel.train([*texts, "甲乙丙"], [*labels, "独"])):
        assert model.chances(unseen).max(axis=1).mean() < 0.7
        assert model.about["cv_accuracy"] < 0.75


def test_when_every_label_has_a_single_text_a_model_is_made_all_the_same():
    model = LabelModel.train(["我家停水", "我家停电"], ["供水", "供电"])
    assert model.classify("我家停水").ranked[0][1] >= 0.5


def test_the_fingerprint_tells_texts_and_labels_apart():
    assert fingerprint(["停水"], ["甲"]) == fingerprint(["停水"], ["甲"])
    assert len({fingerprint(["停水"], ["甲"]), fingerprint(["停水"], ["乙"]), fingerprint(["停电"], ["甲"])}) == 3


def test_a_model_that_was_saved_and_loaded_says_the_same(trained, tmp_path: Path):
    path = tmp_path / "new" / "model.skops"
    trained.save(path)
    loaded = LabelModel.load(path)
    assert loaded.labels == trained.labels
    assert loaded.about == trained.about
    assert np.array_equal(loaded.chances(["停水了", "暖气"]), trained.chances(["停水了", "暖气"]))
    assert loaded.classify("停水了") == trained.classify("停水了")
    assert [file.name for file in path.parent.iterdir()] == ["model.skops"]


def test_a_missing_file_is_a_model_error_with_its_path(tmp_path: Path):
    with pytest.raises(ModelError, match=r"没有模型文件 .*none\.skops") as caught:
        LabelModel.load(tmp_path / "none.skops")
    assert caught.value.id == "classifier.model"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_broken_file_is_a_model_error(tmp_path: Path, content: bytes):
    path = tmp_path / "broken.skops"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.skops 无法读取"):
        LabelModel.load(path)


def test_a_file_that_was_cut_short_is_a_model_error(two, tmp_path: Path):
    path = tmp_path / "short.skops"
    two.save(path)
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(ModelError, match="无法读取"):
        LabelModel.load(path)


def content_of(model: LabelModel, **changes) -> dict:
    known = {"blocks": model._blocks, "svm": model._svm, "calibration": [1.0, 0.0], "labels": model.labels}
    return {**known, "about": model.about} | changes


@pytest.mark.parametrize("version", [0, 1, 3, None])
def test_a_file_of_another_version_is_refused(two, tmp_path: Path, version):
    path = tmp_path / "other.skops"
    skops.io.dump(content_of(two, about={**two.about, "format": version}), path)
    with pytest.raises(ModelError, match="版本不符"):
        LabelModel.load(path)


@pytest.mark.parametrize("content", [[1, 2], {"about": {"format": 2}}, {"svm": 1}, 5])
def test_an_archive_of_something_else_is_refused(tmp_path: Path, content):
    path = tmp_path / "else.skops"
    skops.io.dump(content, path)
    with pytest.raises(ModelError, match="版本不符"):
        LabelModel.load(path)


class Foreign:
    """No type of scikit-learn's."""


def test_a_file_with_foreign_types_is_refused_unread(two, tmp_path: Path):
    path = tmp_path / "foreign.skops"
    skops.io.dump(content_of(two, calibration=Foreign()), path)
    with pytest.raises(ModelError, match="无法读取：UntrustedTypesFoundException"):
        LabelModel.load(path)


def test_an_evaluation_counts_by_hand(three, monkeypatch):
    """Three labels, four texts: chances are given, so that every figure is known beforehand."""
    labels = three.labels
    chances = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.3, 0.1, 0.6], [0.5, 0.3, 0.2]])
    monkeypatch.setattr(three, "chances", lambda *_: chances)
    truth = [labels[0], labels[1], labels[1], labels[0], "从未见过"]
    figures = evaluate(three, ["一", "二", "三", "四", "五"], truth)
    assert (figures["n"], figures["accuracy"], figures["top3"]) == (5, 0.4, 0.8)
    # the surest four: .8 right, .7 right, .6 wrong, .6 wrong
    assert figures["accuracy_at_80"] == 0.5
    # bins .5 (0 of 1), .6 (0 of 2), .7 (1 of 1), .8 (1 of 1)
    assert figures["ece"] == pytest.approx((0.5 + 2 * 0.6 + 0.3 + 0.2) / 5, abs=1e-4)
    # F1: label 0 2·1/(3+2), label 1 2·1/(1+2), label 2 0, the unknown 0
    assert figures["macro_f1"] == pytest.approx((2 / 5 + 2 / 3) / 4, abs=1e-4)
    assert figures["texts_per_s"] > 0


def test_the_surest_four_of_five_and_the_best_three_are_counted_apart():
    """Ten texts of four labels; the two least sure are wrong, one truth is ranked fourth."""

    class Given:
        labels = ("甲", "乙", "丙", "丁")
        about: ClassVar = {"keywords": {"甲": []}, "majority": "甲"}

        def chances(self, *_):
            return np.array([[0.7, 0.2, 0.06, 0.04]] * 8 + [[0.4, 0.3, 0.2, 0.1]] * 2)

    figures = evaluate(Given(), ["文"] * 10, ["甲"] * 8 + ["丙", "丁"])
    assert (figures["accuracy"], figures["accuracy_at_80"], figures["top3"]) == (0.8, 1.0, 0.9)


def test_the_baseline_goes_by_keywords_and_else_by_the_commonest_label(three, monkeypatch):
    monkeypatch.setitem(three.about, "keywords", {"供水": ["停水", "水管"], "供热": ["暖气"], "噪声": ["吵"]})
    monkeypatch.setitem(three.about, "majority", "噪声")
    texts = ["停水了，水管和暖气都坏", "暖气不热", "别的", "太吵"]
    assert evaluate(three, texts, ["供水", "供热", "噪声", "供水"])["baseline_accuracy"] == 0.75


def test_a_model_beats_its_baseline_on_texts_it_has_not_seen(three):
    texts, labels = sentences(30, seed=2)
    figures = evaluate(three, texts, labels)
    assert figures["accuracy"] >= figures["baseline_accuracy"]
    assert figures["accuracy"] >= 0.9


def test_features_are_prepared_alike_for_learning_and_for_judging(three):
    assert np.array_equal(three.chances(["停水了,吵!"]), three.chances(["停水了，吵！"]))
    assert features.prepare("停水了,吵!") == features.prepare("停水了，吵！")
