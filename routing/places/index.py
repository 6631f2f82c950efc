"""The gazetteer by sound: which names could be meant by a piece of speech."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from routing.city.schema import Place
from routing.pinyin import character_sounds, distance, syllables

_SHORTEST = 2
_SHORTEST_BY_SOUND = 3
_SUFFIXES = ("街道", "镇", "乡")
_ROAD_ENDS = "路街道巷桥"


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a place as people say it."""

    text: str
    sounds: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Match:
    """``text[start:end]`` sounds like ``name``; ``off`` 0: written so, else the distance of the sounds."""

    name: Name
    start: int
    end: int
    off: float


class Gazetteer:
    """Names of all places of a city, and the tree above them."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.by_code = {place.code: place for place in places}
        self.names = [Name(text, syllables(text), place) for place in places for text in _spoken(place)]
        self._by_syllable: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, name in enumerate(self.names):
            if len(name.text) >= _SHORTEST_BY_SOUND:
                for position, syllable in enumerate(name.sounds):
                    self._by_syllable[syllable].append((number, position))

        self.not_districts = self._longer_words()
        """(a district's name, the letter behind it) that begins a place elsewhere: 贺兰 and 山, 贺兰山路 is in 银川."""

    def _longer_words(self) -> frozenset[tuple[str, str]]:
        return frozenset(
            (short.text, longer.text[len(short.text)])
            for short in self.names
            if short.place.kind == "district"
            for longer in self.names
            if longer.text.startswith(short.text)
            and len(longer.text) > len(short.text)
            and short.place.code not in self.districts(longer.place)
        )

    def exact(self, text: str) -> Iterator[Match]:
        """Names that are written in the text."""
        for name in self.names:
            start = text.find(name.text)
            while start >= 0:
                yield Match(name, start, start + len(name.text), 0.0)
                start = text.find(name.text, start + 1)

    def by_sound(self, text: str, limit: float) -> Iterator[Match]:
        """Names that sound like a piece of the text of the same length, at most ``limit`` off."""
        sounds = character_sounds(text)
        hits: Counter[tuple[int, int]] = Counter()
        for at, syllable in enumerate(sounds):
            for number, position in self._by_syllable.get(syllable, ()):
                if at >= position:
                    hits[number, at - position] += 1
        for (number, start), same in hits.items():
            name = self.names[number]
            length = len(name.sounds)
            if start + length > len(sounds) or same < (1 if length <= _SHORTEST_BY_SOUND else 2):
                continue
            off = distance(sounds[start : start + length], name.sounds, limit=limit)
            if 0.0 < off <= limit or (off == 0.0 and text[start : start + length] != name.text):
                yield Match(name, start, start + length, max(off, 0.01))

    def district(self, place: Place) -> Place | None:
        """The district a place lies in; None: above districts."""
        above: Place | None = place
        while above is not None and above.kind != "district":
            above = self.by_code.get(above.parent) if above.parent else None
        return above

    def districts(self, place: Place) -> tuple[str, ...]:
        """Codes of all districts a place touches."""
        home = self.district(place)
        return tuple(dict.fromkeys([*([home.code] if home else []), *place.also_in]))

    def street(self, place: Place) -> Place | None:
        """The street or town a place lies in."""
        above: Place | None = place
        while above is not None and above.kind != "street":
            above = self.by_code.get(above.parent) if above.parent else None
        return above


def _spoken(place: Place) -> list[str]:
    """How people say it: its name, its aliases, streets and towns without their kind."""
    names = [place.name, *place.aliases]
    if place.kind == "street":
        for suffix in _SUFFIXES:
            short = place.name.removesuffix(suffix)
            if short != place.name and len(short) > 2 and short[-1] not in _ROAD_ENDS:
                names.append(short)
    return [name for name in dict.fromkeys(names) if len(name) >= _SHORTEST]
