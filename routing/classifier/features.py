"""Texts as sparse vectors: character 1–2-grams, word 1–2-grams, and for spoken text the sound (toneless pinyin 1–3).

The sound block makes homophones one feature: a recogniser's 误业 and 物业 are the same to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import rjieba
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from routing.errors import TrainingError
from routing.pinyin import syllables
from routing.text import bare, normalise

_LONGEST = 1200
_DIGITS = re.compile(r"\d+")
_TOKEN = r"(?u)\S+"  # noqa: S105  (a pattern)

Blocks = dict[str, TfidfVectorizer]


def prepare(text: str) -> str:
    """Normalised, numbers as 0, cut at 1,200 characters, lower case."""
    return _DIGITS.sub("0", normalise(text))[:_LONGEST].lower()


def _words(text: str) -> str:
    return " ".join(rjieba.cut(text))


def _sounds(text: str) -> str:
    return " ".join(syllables(bare(text)))


def _columns(texts: Sequence[str], titles: Sequence[str] | None, *, sound: bool) -> dict[str, list[str]]:
    prepared = [prepare(text) for text in texts]
    columns = {"char": prepared, "word": [_words(text) for text in prepared]}
    if titles is not None:
        columns["title"] = [prepare(title) for title in titles]
    if sound:
        columns["sound"] = [_sounds(text) for text in prepared]
    return columns


def fit(texts: Sequence[str], titles: Sequence[str] | None, *, sound: bool) -> tuple[Blocks, Any]:
    """Vectorisers of each block, and the matrix of these texts.

    Raises:
        TrainingError: a block in which nothing occurs twice.
    """
    common = {"sublinear_tf": True, "min_df": 2, "dtype": np.float32}
    blocks: Blocks = {
        "char": TfidfVectorizer(analyzer="char", ngram_range=(1, 2), **common),
        "word": TfidfVectorizer(token_pattern=_TOKEN, ngram_range=(1, 2), **common),
    }
    if titles is not None:
        blocks["title"] = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), **common)
    if sound:
        blocks["sound"] = TfidfVectorizer(token_pattern=_TOKEN, ngram_range=(1, 3), **common)
    columns = _columns(texts, titles, sound=sound)
    try:
        return blocks, hstack([blocks[name].fit_transform(columns[name]) for name in blocks], format="csr")
    except ValueError as error:  # scikit-learn's word for an empty vocabulary
        raise TrainingError("训练文本太少或互不相似：没有一个词出现两次") from error


def transform(blocks: Blocks, texts: Sequence[str], titles: Sequence[str] | None) -> csr_matrix:
    """The matrix of texts in fitted blocks; without titles a title block sees the text's beginning."""
    if "title" in blocks and titles is None:
        titles = [text[:30] for text in texts]
    columns = _columns(texts, titles if "title" in blocks else None, sound="sound" in blocks)
    return hstack([block.transform(columns[name]) for name, block in blocks.items()], format="csr")


def names(blocks: Blocks) -> list[str]:
    """What each column stands for, "block:term"."""
    return [f"{name}:{term}" for name, block in blocks.items() for term in block.get_feature_names_out()]
