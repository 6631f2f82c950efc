"""What the recogniser says when nobody spoke: recognised and dropped (docs/perf/recogniser.md)."""

from __future__ import annotations

import re
import zlib

import numpy as np

from telephony.scribe.punctuation import squeeze
from telephony.scribe.sound import Samples

_LOWEST_LOGPROB = -1.0
_HIGHEST_COMPRESSION = 2.4
_SILENCE_RMS = 0.0015
_SHORTEST_ECHO = 4  # characters; shorter pieces of the prompt are ordinary words

_SUBTITLES = (
    "字幕由",
    "字幕志愿者",
    "字幕组",
    "字幕制作",
    "中文字幕",
    "请不吝点赞",
    "点赞订阅",
    "订阅转发",
    "打赏支持",
    "明镜与点点",
    "感谢观看",
    "谢谢观看",
    "谢谢收看",
    "感谢收看",
    "感谢您的观看",
    "我们下期再见",
    "下期再见",
    "amara.org",
    "优优独播剧场",
)
"""Lines of the subtitles Whisper was trained on; on a hotline nobody says them."""

_ONLY_IF_ALL = frozenset(
    ["谢谢", "谢谢大家", "谢谢你", "再见", "拜拜", "嗯", "啊", "哦", "呃", "你", "我", "好", "是", "of", "the", "you"]
)
"""Words that are real in a sentence, but alone at low confidence are noise."""


def compression_ratio(text: str) -> float:
    """Bytes of the text over bytes compressed: high for loops."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def is_silence(samples: Samples) -> bool:
    """Whether there is nothing to recognise at all."""
    return not len(samples) or float(np.sqrt(np.mean(np.square(samples)))) < _SILENCE_RMS


_GAP = r"[\s,.\uff0c\u3001\u3002]*"
_LOOP = re.compile(rf"(?P<short>.{{1,6}}?)(?:{_GAP}(?P=short)){{4,}}|(?P<long>.{{7,20}}?)(?:{_GAP}(?P=long)){{2,}}")


def cut_loop(text: str) -> str:
    """The text up to where a short piece begins to be said over and over ("第1,第1,第1 …"): there decoding broke."""
    loop = _LOOP.search(text)
    return text if loop is None else text[: loop.start()]


def reason_to_drop(text: str, avg_logprob: float, prompt: str) -> str | None:
    """Why this is taken for a hallucination; None: it is taken for speech."""
    plain = squeeze(text)
    rules = (
        ("empty", not plain),
        ("low_confidence", avg_logprob < _LOWEST_LOGPROB),
        ("compression", compression_ratio(text) > _HIGHEST_COMPRESSION),
        ("prompt_echo", len(plain) >= _SHORTEST_ECHO and plain in squeeze(prompt)),
        ("subtitle", any(line in plain for line in _SUBTITLES)),
        ("stray_word", plain in _ONLY_IF_ALL and avg_logprob < _LOWEST_LOGPROB / 2),
    )
    return next((name for name, applies in rules if applies), None)
