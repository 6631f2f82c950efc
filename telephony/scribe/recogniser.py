"""The recogniser behind a small interface; the embedded one is faster-whisper with a short encoder window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import opencc
import structlog
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens

from telephony.errors import TelephonyError
from telephony.scribe import filters
from telephony.scribe.corrector import Corrector, read_guarded, read_sentences
from telephony.scribe.model_files import EMBEDDED, resolve
from telephony.scribe.punctuation import chinese
from telephony.scribe.sound import RATE, Samples
from telephony.settings import TelephonySettings

log = structlog.get_logger(__name__)

PROMPT = "以下是普通话的句子,市民拨打热线反映问题。"
"""When the city gives none (``recogniser_prompt.txt``). Fixes script and punctuation; the names of districts and the
commonest subjects in a city's own prompt lower the error rate further. Never put emergency words into it: they would
then be heard in noise.
"""

_WINDOW_PAD_S = 1.5
_WINDOW_MIN_S = 6.0
_WINDOW_MAX_S = 30.0
_MAX_NEW_TOKENS = 100
_BEAM = 5
_FRAMES_PER_S = 100


class RecogniserError(TelephonyError):
    """No recogniser could be loaded."""

    id = "scribe.recogniser"


@dataclass(frozen=True, slots=True)
class Heard:
    """``text`` is empty when nothing was said or what came was dropped (``dropped`` says why).

    ``uncorrected`` is what the recogniser wrote where the corrector changed it.
    """

    text: str
    avg_logprob: float | None = None
    dropped: str | None = None
    uncorrected: str | None = None


class Recogniser(Protocol):
    """Turns one utterance into text."""

    name: str

    def transcribe(self, samples: Samples) -> Heard:
        """At most 30 s of mono sound at 16 kHz."""
        ...


class Whisper:
    """A CTranslate2 Whisper on one thread; beam 5, temperature 0, no timestamps, no fallback decodes.

    The encoder is fed the utterance's length plus 1.5 s (6 s at least) instead of 30 s: three times the speed at the
    same error rate (docs/perf/recogniser.md).
    """

    def __init__(
        self, model: str, *, name: str, prompt: str = PROMPT, corrector: Corrector | None = None, threads: int = 1
    ) -> None:
        self.name = name
        self._corrector = corrector
        self._prompt_text = prompt
        self._model = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1)
        self._tokenizer = Tokenizer(
            self._model.hf_tokenizer, self._model.model.is_multilingual, task="transcribe", language="zh"
        )
        self._suppress = get_suppressed_tokens(self._tokenizer, [-1])
        self._prompt = [
            self._tokenizer.sot_prev,
            *self._tokenizer.encode(" " + prompt),
            *self._tokenizer.sot_sequence,
            self._tokenizer.no_timestamps,
        ]
        self._simplified = opencc.OpenCC("t2s")

    def transcribe(self, samples: Samples) -> Heard:
        """See :class:`Recogniser`."""
        if filters.is_silence(samples):
            return Heard("", dropped="silence")
        seconds = len(samples) / RATE
        window = min(max(seconds + _WINDOW_PAD_S, _WINDOW_MIN_S), _WINDOW_MAX_S)
        features = self._model.feature_extractor(samples)[:, : int(_WINDOW_MAX_S * _FRAMES_PER_S)]
        missing = int(window * _FRAMES_PER_S) - features.shape[1]
        if missing > 0:
            features = np.pad(features, ((0, 0), (0, missing)))
        if features.shape[1] % 2:  # the encoder halves the frames
            features = np.pad(features, ((0, 0), (0, 1)))
        result = self._model.model.generate(
            self._model.encode(features),
            [self._prompt],
            beam_size=_BEAM,
            max_length=len(self._prompt) + _MAX_NEW_TOKENS,
            return_scores=True,
            suppress_blank=True,
            suppress_tokens=self._suppress,
        )[0]
        tokens = result.sequences_ids[0]
        avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        said = chinese(self._simplified.convert(self._tokenizer.decode(tokens).strip()))
        text = filters.cut_loop(said)
        dropped = "loop" if said and not text else filters.reason_to_drop(text, avg_logprob, self._prompt_text)
        if dropped:
            return Heard("", round(avg_logprob, 3), dropped)
        corrected = self._corrector.correct(text, avg_logprob) if self._corrector else text
        return Heard(corrected, round(avg_logprob, 3), uncorrected=text if corrected != text else None)


def load(
    models: Sequence[str], build_dir: Path, prompt: str = PROMPT, corrector: Corrector | None = None
) -> Recogniser:
    """The first of ``models`` ("embedded", a path or a name) that loads.

    Raises:
        RecogniserError: none does.
    """
    for model in models:
        try:
            name = "whisper-base" if model == EMBEDDED else Path(model).name
            return Whisper(resolve(model, build_dir), name=name, prompt=prompt, corrector=corrector)
        except (RuntimeError, ValueError, OSError, TelephonyError) as error:
            log.warning("recogniser_not_loaded", model=model, error=str(error))
    raise RecogniserError(f"没有可用的语音识别模型：{'、'.join(models)}")


def for_city(model: str, settings: TelephonySettings, *, fall_back: bool = True) -> Recogniser:
    """``model``, else the embedded one, told of the city and corrected by its sentences.

    Raises:
        RecogniserError: see :func:`load`.
    """
    models = list(dict.fromkeys([model, EMBEDDED] if fall_back else [model]))
    file = settings.recogniser_prompt_file
    prompt = file.read_text("utf-8").strip() if file.exists() else PROMPT
    sentences = read_sentences(settings.phrases)
    corrector = Corrector(sentences, read_guarded(settings.guarded_words_file)) if sentences else None
    return load(models, settings.build_dir, prompt, corrector)
