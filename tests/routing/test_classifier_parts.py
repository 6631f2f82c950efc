"""Features, calibration and augmentation, on inputs small enough for paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from routing.classifier import features
from routing.classifier.augment import misheard
from routing.classifier.calibration import (
    Calibration,
    expected_calibration_error,
    fit_calibration,
    probabilities,
)
from routing.errors import TrainingError
from routing.pinyin import syllables


def test_a_text_is_prepared_with_numbers_as_nought_lower_case_and_cut():
    assert features.prepare("ＫＴＶ 欠了28万元,电话0951-123") == "ktv欠了0万元，电话0-0"
    assert len(features.prepare("停" * 2000)) == 1200


def test_homophones_are_one_feature_of_the_sound_block():
    texts = ["物业不管", "物业不管", "停水了", "停水了"]
    blocks, _ = features.fit(texts, None, sound=True)
    said, misheard_ = (features.transform({"sound": blocks["sound"]}, [text], None) for text in ("物业", "误业"))
    assert said.nnz > 0
    assert (said != misheard_).nnz == 0
    written = features.transform({"char": blocks["char"]}, ["误业"], None)
    assert (written != features.transform({"char": blocks["char"]}, ["物业"], None)).nnz > 0


def test_each_column_has_a_name_with_its_block():
    texts, titles = ["物业不管", "物业不管"], ["物业费", "物业费"]
    blocks, matrix = features.fit(texts, titles, sound=True)
    names = features.names(blocks)
    assert list(blocks) == ["char", "word", "title", "sound"]
    assert len(names) == matrix.shape[1]
    assert {"char:物", "char:物业", "word:物业", "title:物业费", "sound:wu ye bu"} <= set(names)


def test_without_a_title_the_beginning_of_the_text_stands_for_it():
    blocks, _ = features.fit(["物业不管"] * 2, ["物业费太高"] * 2, sound=False)
    text = "物业费太高" + "。" * 30 + "停水"
    without = features.transform(blocks, [text], None)
    given = features.transform(blocks, [text], [text[:30]])
    assert (without != given).nnz == 0


def test_words_that_occur_only_once_are_not_learnt():
    blocks, _ = features.fit(["停水", "停水", "停电"], None, sound=False)
    assert "char:水" in features.names(blocks)
    assert "char:电" not in features.names(blocks)


@pytest.mark.parametrize(("texts", "titles"), [(["停水", "路灯"], None), (["", ""], None), (["停水"] * 2, ["", ""])])
def test_texts_without_anything_in_common_are_a_training_error(texts, titles):
    with pytest.raises(TrainingError, match="没有一个词出现两次"):
        features.fit(texts, titles, sound=False)


def test_probabilities_are_sigmoids_of_scaled_margins_made_to_sum_to_one():
    # σ(0) = 1/2, σ(ln 3) = 3/4, σ(ln 9) = 9/10
    chances = probabilities(np.array([[0.0, math.log(3)], [1.0, 1.0]]), Calibration(1.0, 0.0))
    assert chances == pytest.approx(np.array([[0.4, 0.6], [0.5, 0.5]]))
    assert probabilities(np.array([[0.0, 1.0]]), Calibration(math.log(3), math.log(3))) == pytest.approx(
        np.array([[0.75 / 1.65, 0.9 / 1.65]])
    )


def test_where_no_label_fits_the_chances_are_nearer_to_each_other_than_where_one_does():
    one_fits, none_fits = np.array([[2.0, -1.0, -1.0]]), np.array([[-2.0, -5.0, -5.0]])  # the same differences
    calibration = Calibration(3.0, 12.0)
    assert probabilities(one_fits, calibration).max() < 1
    assert probabilities(np.array([[9.0, 8.0]]), calibration) == pytest.approx(np.array([[0.5, 0.5]]))
    assert probabilities(none_fits, Calibration(1.0, -30.0))[0, 0] == pytest.approx(math.exp(3) / (math.exp(3) + 2))


def test_margins_of_any_size_give_finite_chances():
    chances = probabilities(np.array([[-1e4, 1e4], [-1e4, -1e4], [1e4, 1e4]]), Calibration(50.0, -20.0))
    assert chances == pytest.approx(np.array([[0, 1], [0.5, 0.5], [0.5, 0.5]]))


def test_the_calibration_is_the_one_under_which_the_truth_is_likeliest():
    # Three of four times the greater margin is right: its chance should be 3/4.
    margins = np.array([[0.0, 2.0]] * 4)
    calibration = fit_calibration(margins, np.array([1, 1, 1, 0]))
    assert probabilities(margins, calibration)[0, 1] == pytest.approx(0.75, abs=1e-2)


def test_margins_that_are_always_right_make_sure_and_ones_of_pure_noise_unsure():
    rng = np.random.default_rng(1)
    margins = rng.normal(size=(200, 3))
    sure = probabilities(margins, fit_calibration(margins, margins.argmax(axis=1))).max(axis=1)
    unsure = probabilities(margins, fit_calibration(margins, rng.integers(0, 3, 200))).max(axis=1)
    assert sure.mean() > 0.9
    assert unsure.mean() == pytest.approx(1 / 3, abs=0.1)


@pytest.mark.parametrize(
    ("confidence", "right", "error"),
    [
        ([1.0, 1.0], [True, True], 0.0),
        ([1.0, 1.0], [True, False], 0.5),
        ([0.75] * 4, [True, True, True, False], 0.0),
        # two bins: |0.95 − 0.5| over two, |0.35 − 0| over two more
        ([0.95, 0.95, 0.35, 0.35], [True, False, False, False], 0.5 * 0.45 + 0.5 * 0.35),
        # one bin: the mean 0.85 against 1/2
        ([0.81, 0.89], [True, False], 0.35),
        # over unequal bins, by their size
        ([0.15, 0.55, 0.55, 0.55], [False, True, True, False], 0.25 * 0.15 + 0.75 * (2 / 3 - 0.55)),
    ],
)
def test_the_calibration_error_is_the_gap_of_each_bin_weighted_by_its_size(confidence, right, error):
    assert expected_calibration_error(np.array(confidence), np.array(right)) == pytest.approx(error)


def test_fewer_bins_see_less():
    confidence, right = np.array([0.6, 1.0]), np.array([True, True])
    assert expected_calibration_error(confidence, right, bins=10) == pytest.approx(0.2)
    assert expected_calibration_error(np.array([0.6, 1.0]), np.array([True, False]), bins=1) == pytest.approx(0.3)


TEXTS = ["小区物业误工不管，电梯坏了。", "无业人员五个，武术馆雾大", "KTV噪音3次"] * 20


def test_a_misheard_copy_sounds_like_its_text_and_has_no_punctuation():
    copies = misheard(TEXTS)
    assert len(copies) == len(TEXTS)
    for text, copy in zip(TEXTS, copies, strict=True):
        plain = text.replace("，", "").replace("。", "")
        assert len(copy) == len(plain)
        assert [syllables(char) for char in copy] == [syllables(char) for char in plain]
    assert any(copy not in text.replace("，", "").replace("。", "") for text, copy in zip(TEXTS, copies, strict=True))


def test_misheard_copies_are_the_same_each_time_and_others_with_another_seed():
    assert misheard(TEXTS) == misheard(TEXTS)
    assert misheard(TEXTS) != misheard(TEXTS, seed=1)


def test_a_character_without_homophones_in_the_texts_stays():
    assert misheard(["水电"] * 20) == ["水电"] * 20
