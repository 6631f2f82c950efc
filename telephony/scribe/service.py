"""A scribe: takes utterances from the front door, gives back text, holds nothing."""

from __future__ import annotations

import asyncio
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import structlog

from telephony.errors import TelephonyError
from telephony.scribe.protocol import Failed, Hello, Job, Text, decode, encode
from telephony.scribe.recogniser import Recogniser
from telephony.scribe.sound import NotYetWrittenError, Samples, read_piece

log = structlog.get_logger(__name__)

_WAIT_FOR_RECORDER_S = 1.0
_RECORDER_STEP_S = 0.1
_LINE_LIMIT = 1 << 20


class Scribe:
    """Serves one front door's socket, for ever: connects again whenever the front door is away."""

    def __init__(self, recogniser: Recogniser, socket: Path, *, longest_delay_s: float = 2.0) -> None:
        self._recogniser = recogniser
        self._socket = socket
        self._longest_delay_s = longest_delay_s
        self._thread = ThreadPoolExecutor(1, "recogniser")

    async def run(self) -> None:
        """Until cancelled."""
        delay = 0.1
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._socket, limit=_LINE_LIMIT)
            except OSError:
                await asyncio.sleep(delay)
                delay = min(delay * 2, self._longest_delay_s)
                continue
            delay = 0.1
            log.info("front_door_connected")
            try:
                await self._serve(reader, writer)
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                log.warning("front_door_lost", error=type(error).__name__)
            finally:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # two in hand: the next utterance is read while this one is recognised
        writer.write(encode(Hello(model=self._recogniser.name, capacity=2, pid=os.getpid())))
        await writer.drain()
        running: set[asyncio.Task[None]] = set()
        try:
            while line := await reader.readline():
                try:
                    job = decode(line)
                except msgspec.DecodeError:
                    log.warning("message_not_understood")
                    continue
                if isinstance(job, Job):
                    task = asyncio.create_task(self._answer(job, writer))
                    running.add(task)
                    task.add_done_callback(running.discard)
            log.warning("front_door_lost", error="closed")
        finally:
            for task in running:
                task.cancel()

    async def _answer(self, job: Job, writer: asyncio.StreamWriter) -> None:
        started = time.monotonic()
        try:
            samples = await self._sound(job)
            heard = await asyncio.get_running_loop().run_in_executor(self._thread, self._recogniser.transcribe, samples)
        except TelephonyError as error:
            answer: Text | Failed = Failed(id=job.id, reason=error.id, retry=error.retry)
            log.warning("utterance_failed", job=job.id, reason=error.id)
        except Exception as error:
            answer = Failed(id=job.id, reason=type(error).__name__, retry=False)
            log.exception("utterance_broke", job=job.id)
        else:
            took = time.monotonic() - started
            answer = Text(
                job.id,
                heard.text,
                self._recogniser.name,
                heard.avg_logprob,
                round(took, 3),
                heard.dropped,
                heard.uncorrected,
            )
            log.info("utterance_done", job=job.id, seconds=round(job.end_s - job.start_s, 1), took_s=round(took, 2))
        writer.write(encode(answer))
        await writer.drain()

    async def _sound(self, job: Job) -> Samples:
        """The job's piece; waits a little for a recorder that is behind, then takes what there is."""
        path = Path(job.path)
        for _ in range(int(_WAIT_FOR_RECORDER_S / _RECORDER_STEP_S)):
            try:
                return await asyncio.to_thread(read_piece, path, job.start_s, job.end_s)
            except NotYetWrittenError:
                await asyncio.sleep(_RECORDER_STEP_S)
        return await asyncio.to_thread(read_piece, path, job.start_s, job.end_s, partial=True)
