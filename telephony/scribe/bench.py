"""``hotline bench captions``: how well and how fast the recogniser writes, over recordings whose words are known."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path
from typing import Any

import click
import cn2an
import msgspec

from telephony.log import configure_logging
from telephony.scribe.punctuation import squeeze
from telephony.scribe.recogniser import for_city
from telephony.scribe.transcribe import transcribe_file
from telephony.settings import TelephonySettings

_LONGEST_NUMBER = 8  # digits; longer ones are said one by one
_DIGITS = re.compile(r"\d+")


def comparable(text: str) -> str:
    """Without punctuation and spaces, lower case, numbers in characters (177 → 一百七十七)."""
    return _DIGITS.sub(lambda match: _in_characters(match[0]), squeeze(text))


def _in_characters(digits: str) -> str:
    return str(cn2an.an2cn(digits)) if len(digits) <= _LONGEST_NUMBER else digits


def edits(said: str, written: str) -> int:
    """Levenshtein's distance."""
    row = list(range(len(written) + 1))
    for index, left in enumerate(said, 1):
        following = [index]
        for column, right in enumerate(written, 1):
            following.append(min(row[column] + 1, following[-1] + 1, row[column - 1] + (left != right)))
        row = following
    return row[-1]


@click.command()
@click.argument("index", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--model", default=None, help='"embedded", or a CTranslate2 Whisper by path or name.')
@click.option("--plain", is_flag=True, help="Without the city's sentences: what the recogniser itself wrote.")
@click.option("--json", "as_json", is_flag=True, help="Accepted; the output always is.")
def main(index: Path, model: str | None, plain: bool, as_json: bool) -> None:
    """INDEX: a CSV with columns file (beside it) and text. Character error rate, real-time factor."""
    del as_json
    configure_logging()
    settings = TelephonySettings()
    if plain:
        settings = settings.model_copy(update={"phrases": []})
    recogniser = for_city(model or settings.scribe_model, settings, fall_back=False)
    wrong = said = 0
    busy_s = total_s = 0.0
    worst: list[tuple[float, str]] = []
    with index.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        heard = transcribe_file(recogniser, index.parent / row["file"])
        truth = comparable(row["text"])
        mistakes = edits(truth, comparable(heard["text"]))
        wrong, said = wrong + mistakes, said + len(truth)
        busy_s, total_s = busy_s + heard["rtf"] * heard["seconds"], total_s + heard["seconds"]
        worst.append((round(mistakes / max(1, len(truth)), 3), row["file"]))
    result: dict[str, Any] = {
        "model": recogniser.name,
        "files": len(rows),
        "characters": said,
        "cer": round(wrong / max(1, said), 4),
        "rtf": round(busy_s / max(1e-9, total_s), 4),
        "worst": sorted(worst, reverse=True)[:5],
    }
    click.echo(msgspec.json.encode(result).decode())
    sys.exit(0)


if __name__ == "__main__":
    main()
