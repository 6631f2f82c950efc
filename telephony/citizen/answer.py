"""``hotline answer --sip-port P --dtmf 1,2``: a simulated citizen waits for a call of the hotline and takes it."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click
import msgspec

from telephony.citizen.__main__ import check_audio, stdout_kept
from telephony.citizen.phone import Plan
from telephony.citizen.subscriber import Habits, Subscriber

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--sip-port", type=int, required=True, help="UDP port the trunk leads to.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--dtmf", default="", help="Keys after each announcement, e.g. 1,2; w waits.")
@click.option("--audio", multiple=True, type=_FILE, callback=lambda _, __, value: check_audio(value))
@click.option("--ring", default=0.5, show_default=True, help="Seconds it rings before the citizen does anything.")
@click.option("--refuse", type=click.IntRange(400, 699), default=None, help="Answer with this SIP status: 486, 603 …")
@click.option("--never", is_flag=True, help="Let it ring.")
@click.option("--hang-up-after", type=float, default=None, help="Hang up this many seconds after picking up.")
@click.option("--record", type=_FILE, default=None, help="WAV of what the citizen hears.")
@click.option("--max-seconds", default=120.0, show_default=True)
def main(
    sip_port: int,
    host: str,
    dtmf: str,
    audio: tuple[Path, ...],
    ring: float,
    refuse: int | None,
    never: bool,
    hang_up_after: float | None,
    record: Path | None,
    max_seconds: float,
) -> None:
    """Wait for one call; a line of JSON when ready, another when it is over. Exit 1: no call was answered."""
    plan = Plan(
        uri="",
        audio=audio,
        record=record,
        max_s=max_seconds,
        host=host,
        hang_up_after_s=hang_up_after,
        number="citizen",
    )
    keys = tuple(piece for piece in dtmf.split(",") if piece)
    habits = Habits(ring_s=ring, refuse=refuse, picks_up=not never, keys=keys)
    with stdout_kept() as stdout:

        def ready() -> None:
            stdout.write(msgspec.json.encode({"ready": True, "sip": f"sip:{host}:{sip_port}"}) + b"\n")
            stdout.flush()

        result = Subscriber(plan, habits, sip_port, ready).run()
        stdout.write(msgspec.json.encode(dataclasses.asdict(result)) + b"\n")
    sys.exit(0 if result.answered else 1)


if __name__ == "__main__":
    main(prog_name="hotline answer")
