"""``hotline transcribe``: the text of whole recordings, with the recogniser the calls use."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click
import msgspec
from faster_whisper.vad import VadOptions, get_speech_timestamps

from telephony.errors import TelephonyError
from telephony.log import configure_logging
from telephony.scribe.recogniser import Recogniser, for_city
from telephony.scribe.sound import RATE, Samples, read_file
from telephony.settings import TelephonySettings

_VAD = VadOptions(threshold=0.5, min_silence_duration_ms=600, speech_pad_ms=400, max_speech_duration_s=25)


def segments(recogniser: Recogniser, samples: Samples, speaker: str) -> list[dict[str, Any]]:
    """What is said in one channel: start, end (s), speaker, text of each utterance with words."""
    found = []
    for piece in get_speech_timestamps(samples, _VAD):
        heard = recogniser.transcribe(samples[piece["start"] : piece["end"]])
        if heard.text:
            start, end = piece["start"] / RATE, piece["end"] / RATE
            found.append({"start": round(start, 2), "end": round(end, 2), "speaker": speaker, "text": heard.text})
    return found


def transcribe_file(recogniser: Recogniser, path: Path) -> dict[str, Any]:
    """One WAV: mono is the citizen; of two channels the second is the agent.

    Raises:
        SoundError: the file cannot be read.
    """
    channels = read_file(path)
    started = time.monotonic()
    said = [
        segment
        for speaker, samples in zip(("citizen", "agent"), channels, strict=False)
        for segment in segments(recogniser, samples, speaker)
    ]
    took = time.monotonic() - started
    seconds = sum(len(samples) for samples in channels) / RATE
    said.sort(key=lambda segment: segment["start"])
    return {
        "file": path.name,
        "model": recogniser.name,
        "seconds": round(seconds, 2),
        "segments": said,
        "text": "".join(segment["text"] for segment in said),
        "rtf": round(took / seconds, 4) if seconds else 0.0,
    }


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--model", default=None, help='"embedded", or a CTranslate2 Whisper by path or name.')
def main(files: tuple[Path, ...], model: str | None) -> None:
    """Transcribe WAV files; JSON on stdout (an array for several files). A broken file is told and exits 1."""
    configure_logging()
    settings = TelephonySettings()
    broken = False
    results = []
    try:
        recogniser = for_city(model or settings.scribe_model, settings, fall_back=False)
    except TelephonyError as error:
        click.echo(f"hotline transcribe: {error.id}: {error.message}", err=True)
        sys.exit(1)
    for path in files:
        try:
            results.append(transcribe_file(recogniser, path))
        except TelephonyError as error:
            click.echo(f"hotline transcribe: {error.id}: {error.message}", err=True)
            broken = True
    if len(files) == 1 and results:
        click.echo(msgspec.json.encode(results[0]).decode())
    elif len(files) > 1:
        click.echo(msgspec.json.encode(results).decode())
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
