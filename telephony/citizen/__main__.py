"""``hotline call SIP_URI --audio F.wav``: a simulated citizen places one call and tells what came of it."""

from __future__ import annotations

import dataclasses
import os
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from telephony.citizen.phone import Phone, Plan

_FILE = click.Path(path_type=Path, dir_okay=False)


def check_audio(files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files, when each is a WAV pjsua2 can play.

    Raises:
        click.BadParameter: names the first that is not.
    """
    for path in files:
        try:
            with wave.open(str(path)) as sound:
                if sound.getsampwidth() != 2 or sound.getnchannels() != 1 or not sound.getnframes():
                    raise click.BadParameter(f"{path}: 需要 16 位单声道且非空的 WAV")
        except FileNotFoundError:
            raise click.BadParameter(f"{path}: 文件不存在") from None
        except (wave.Error, EOFError) as error:
            raise click.BadParameter(f"{path}: 不是完好的 WAV 文件（{error}）") from error
    return files


@contextmanager
def stdout_kept() -> Iterator[BinaryIO]:
    """Pjlib greets on stdout before it can be told not to: our JSON goes to the real one, the greeting to stderr."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "wb") as real:
        os.dup2(2, 1)
        yield real


@click.command()
@click.argument("sip_uri")
@click.option("--audio", "audio", multiple=True, type=_FILE, callback=lambda _, __, value: check_audio(value))
@click.option("--gap", default=0.5, show_default=True, help="Seconds between two files.")
@click.option("--from", "number", default="13900000001", show_default=True, help="Calling number.")
@click.option("--dtmf", default="", help="Digits pressed during the announcement; w waits.")
@click.option("--record", type=_FILE, default=None, help="WAV of what the citizen hears.")
@click.option("--max-seconds", default=120.0, show_default=True)
@click.option("--hang-up-after", type=float, default=None, help="Hang up this many seconds after the answer.")
@click.option("--speak-now", is_flag=True, help="Don't wait for the announcement to end.")
@click.option("--user", default=None, help="For digest authentication.")
@click.option("--password", default=None)
@click.option("--codec", "codecs", multiple=True, default=("PCMA/8000/1", "PCMU/8000/1"), help="Offered codecs.")
def main(
    sip_uri: str,
    audio: tuple[Path, ...],
    gap: float,
    number: str,
    dtmf: str,
    record: Path | None,
    max_seconds: float,
    hang_up_after: float | None,
    speak_now: bool,
    user: str | None,
    password: str | None,
    codecs: tuple[str, ...],
) -> None:
    """Call SIP_URI as a citizen would: listen, speak, stay until the far side hangs up. JSON on stdout."""
    if not sip_uri.startswith("sip:"):
        raise click.BadParameter("应为 sip:号码@主机[:端口]", param_hint="SIP_URI")
    plan = Plan(
        uri=sip_uri,
        audio=audio,
        gap_s=gap,
        number=number,
        dtmf=dtmf,
        record=record,
        max_s=max_seconds,
        user=user,
        password=password,
        speak_now=speak_now,
        hang_up_after_s=hang_up_after,
        codecs=codecs,
    )
    with stdout_kept() as stdout:
        result = Phone(plan).run()
        stdout.write(msgspec.json.encode(dataclasses.asdict(result)) + b"\n")
    sys.exit(0 if result.answered else 1)


if __name__ == "__main__":
    main()
