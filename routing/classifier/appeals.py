"""The appeal classifier: leaf of the category tree and type of appeal, trained on our own examples."""

from __future__ import annotations

import contextlib
import csv
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from routing.classifier.augment import misheard
from routing.classifier.model import Judgement, LabelModel
from routing.errors import ModelError, TrainingError

_TYPES = frozenset({"咨询", "求助", "投诉", "举报", "建议", "表扬", "其他"})
_CODE_VERSION = "1"
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Example:
    leaf: str
    type: str
    text: str


def read_examples(folder: Path) -> list[Example]:
    """All examples of a folder of CSV files (leaf, type, text).

    Raises:
        TrainingError: a file that has other columns, an unknown type, or an empty text; names file and line.
    """
    examples = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), 2):
                if set(row) != {"leaf", "type", "text"} or row["type"] not in _TYPES or not (row["text"] or "").strip():
                    raise TrainingError(f"{path.name}:{number}: 应有 leaf、type、text 三列且内容有效")
                examples.append(Example(row["leaf"], row["type"], row["text"].strip()))
    if not examples:
        raise TrainingError(f"{folder} 中没有训练样例")
    return examples


def data_fingerprint(folder: Path) -> str:
    """Names the examples and this code: a model with another one is out of date."""
    digest = sha256(_CODE_VERSION.encode())
    here = Path(__file__).parent
    code = [*here.glob("*.py"), here.parent / "text.py", here.parent / "pinyin.py"]
    for path in sorted([*folder.glob("*.csv"), *code]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class AppealModel:
    """Two heads over the same text."""

    def __init__(self, leaf: LabelModel, kind: LabelModel) -> None:
        self.leaf = leaf
        self.kind = kind

    @property
    def version(self) -> str:
        """Stored with each ticket it judged."""
        return f"appeals-{self.leaf.about['fingerprint']}"

    @classmethod
    def train(cls, examples: list[Example]) -> AppealModel:
        """Learn both heads from the examples and their misheard copies."""
        texts = [example.text for example in examples]
        copies = misheard(texts)
        leaves, kinds = [example.leaf for example in examples], [example.type for example in examples]
        leaf = LabelModel.train(texts, leaves, sound=True, extra=(copies, leaves))
        kind = LabelModel.train(texts, kinds, sound=True, extra=(copies, kinds), cost=0.3)
        return cls(leaf, kind)

    def judge(self, text: str) -> tuple[Judgement, Judgement]:
        """(leaf, type); every leaf is ranked: a danger said outright asks for the chance of unlikely ones too."""
        return self.leaf.classify(text, top=None), self.kind.classify(text, top=3)

    def top_class_chances(self, text: str) -> dict[str, float]:
        """Two-digit class → chance: the sum over its leaves."""
        chances = self.leaf.chances([text])[0]
        tops: dict[str, float] = defaultdict(float)
        for label, chance in zip(self.leaf.labels, np.asarray(chances), strict=True):
            tops[label[:2]] += float(chance)
        return dict(tops)

    def save(self, folder: Path) -> None:
        """Two files."""
        self.leaf.save(folder / "leaf.skops")
        self.kind.save(folder / "type.skops")

    @classmethod
    def load(cls, folder: Path) -> AppealModel:
        """See :meth:`LabelModel.load`."""
        return cls(LabelModel.load(folder / "leaf.skops"), LabelModel.load(folder / "type.skops"))

    def check(self, leaves: Collection[str], source: object) -> None:
        """Refuse labels that the city cannot route.

        Args:
            leaves: codes of the city's categories.
            source: where the model came from, for the message.

        Raises:
            ModelError: names them.
        """
        for head, known, what in ((self.leaf, leaves, "类别代码"), (self.kind, _TYPES, "诉求类型")):
            strange = [label for label in head.labels if label not in known]
            if strange:
                more = f" 等 {len(strange)} 个" if len(strange) > _SHOWN else ""
                raise ModelError(f"模型 {source} 的标签不是本市的{what}：{'、'.join(strange[:_SHOWN])}{more}")


def of_history(path: Path, examples_dir: Path, out: Path) -> AppealModel:
    """A city's own classifier: a folder with both heads, or one file of leaves beside the built head of types.

    Raises:
        ModelError: see :meth:`LabelModel.load`.
    """
    if path.is_dir():
        return AppealModel.load(path)
    return AppealModel(LabelModel.load(path), build(examples_dir, out).kind)


def build(examples_dir: Path, out: Path) -> AppealModel:
    """The model of these examples: loaded from ``out`` when it is up to date, trained and saved otherwise."""
    stamp = out / "fingerprint"
    wanted = data_fingerprint(examples_dir)
    if stamp.exists() and stamp.read_text("ascii") == wanted:
        with contextlib.suppress(ModelError):  # a broken file is made anew
            return AppealModel.load(out)
    stamp.unlink(missing_ok=True)  # until both files are there
    model = AppealModel.train(read_examples(examples_dir))
    model.save(out)
    stamp.write_text(wanted, "ascii")
    return model
