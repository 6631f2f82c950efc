"""The place an appeal is about: district, street, road or POI, house number; several candidates, the best first."""

from __future__ import annotations

import re
from collections.abc import Sequence

from routing.assessment import PlaceFound
from routing.city.schema import Place
from routing.places.index import Gazetteer, Match
from routing.text import bare, numerals

_DISTRICT_OFF = 0.2
_NAME_OFF = 0.25
_NAME_OFF_ALONE = 0.15
_NUMBER = re.compile(r"[^\d月从自至]{0,3}?([甲乙丙丁]?\d{1,5}(?:之\d{1,4})?号[楼院]?)")
"""After a name; 三月五号 and 从十五号 are dates."""
_SAME_SOUND = 0.01
_SHORT = 3
_CUES = ("在", "地址", "住", "位于", "这边", "附近", "路口", "旁边", "门口", "小区", "从", "到", "是")
_CUE_REACH = 8
_BEFORE = ("在", "是", "址", "住", "于", "到")
_RANK = {"poi": 3, "road": 3, "community": 3, "street": 2, "district": 1, "city": 0}
_ALTERNATIVES = 3
_HYPHEN = re.compile(r"(?<=\d)[-—–－](?=\d)")
_NUMBER_REACH = 15


class PlaceFinder:
    """Over one gazetteer."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._gazetteer = Gazetteer(places)

    def find(self, text: str) -> PlaceFound | None:
        """The best reading of where it is; None: no place was said."""
        spoken = bare(_HYPHEN.sub("之", numerals(text)))
        exact = _longest(_chained(list(self._gazetteer.exact(spoken))))
        district = self._district(spoken, exact)
        best = self._names(spoken, exact, district)
        if not best and district is None:
            return None
        return self._found(spoken, best, district)

    def _district(self, spoken: str, exact: list[Match]) -> Match | None:
        said = [
            match
            for match in exact
            if match.name.place.kind == "district"
            and (match.name.text, spoken[match.end : match.end + 1]) not in self._gazetteer.not_districts
        ]
        if said:
            return min(said, key=lambda match: (-self._cued(spoken, match, exact), match.start))
        alike = [
            match
            for match in self._gazetteer.by_sound(spoken, _DISTRICT_OFF)
            if match.name.place.kind == "district"
            and match.name.text == match.name.place.name
            and _same_end(spoken, match)  # 清清楚 is not 兴庆区
        ]
        return min(alike, key=lambda match: match.off, default=None)

    @staticmethod
    def _cued(spoken: str, match: Match, exact: list[Match]) -> int:
        """How much speaks for a mention being the place itself: a word like 在 before it, a name right after it."""
        before = spoken[max(0, match.start - 2) : match.start]
        followed = any(0 <= other.start - match.end <= 1 for other in exact if other is not match)
        return 2 * followed + any(cue in before for cue in _BEFORE)

    def _names(self, spoken: str, exact: list[Match], district: Match | None) -> list[tuple[float, Match]]:
        """Roads, streets, communities, POIs with their scores, best first."""
        matches = [match for match in exact if _RANK[match.name.place.kind] > 1]
        taken = [(match.start, match.end) for match in [*matches, *([district] if district else [])]]
        for match in self._gazetteer.by_sound(spoken, _NAME_OFF):
            free = all(match.end <= start or match.start >= end for start, end in taken)
            if free and _RANK[match.name.place.kind] > 1 and self._plausible(spoken, match, district):
                matches.append(match)
        scored = [(self._score(match, district), match) for match in matches]
        return sorted(scored, key=lambda pair: (-pair[0], pair[1].start, pair[1].name.place.code))

    def _plausible(self, spoken: str, match: Match, district: Match | None) -> bool:
        """A misheard name counts only where a place is being said, the less alike the more so."""
        agrees = district is not None and district.name.place.code in self._gazetteer.districts(match.name.place)
        follows = district is not None and 0 <= match.start - district.end <= 2
        if agrees and follows:
            return True
        if match.off > _NAME_OFF_ALONE or not (district is None or agrees):
            return False
        short = len(match.name.text) <= _SHORT
        if short and not (match.off <= _SAME_SOUND and _same_end(spoken, match)):  # 东西重 is not 通西村
            return False
        before = spoken[max(0, match.start - _CUE_REACH) : match.start]
        return match.start == 0 or any(cue in before for cue in _CUES)

    def _score(self, match: Match, district: Match | None) -> float:
        place = match.name.place
        score = 0.8 - 2 * match.off + 0.02 * len(match.name.text)
        if district is not None:
            agrees = district.name.place.code in self._gazetteer.districts(place)
            score += 0.1 if agrees else -0.4
        return max(0.0, min(1.0, score))

    def _found(self, spoken: str, scored: list[tuple[float, Match]], district: Match | None) -> PlaceFound:
        gazetteer = self._gazetteer
        score, match = scored[0] if scored else (0.0, None)
        home = district.name.place if district is not None else None
        if home is None and match is not None:
            homes = gazetteer.districts(match.name.place)
            beside = [gazetteer.districts(other.name.place) for _, other in scored[1:] if other.off == 0.0]
            crossing = [homes, *(codes for codes in beside if len(codes) == 1 and codes[0] in homes)]
            homes = min(crossing, key=len)  # 正源街和贺兰山路路口: the one that lies in one district tells which
            home = gazetteer.by_code[homes[0]] if len(homes) == 1 else None
        place = match.name.place if match is not None else home
        assert place is not None
        number = None
        if match is not None and (digits := _NUMBER.match(spoken[match.end : match.end + _NUMBER_REACH])):
            number = digits[1].replace("之", "-")
        street = gazetteer.street(place)
        name = place.name if match is not None and place.kind != "street" else None
        parts = [home.name if home else "", street.name if street and not name else "", name or "", number or ""]
        if match is None and district is not None:
            score = 0.9 - 2 * district.off
        others = [m.name.place.name for s, m in scored[1:] if m.name.place is not place and s >= score - 0.2]
        heard = match if match is not None else district
        assert heard is not None
        return PlaceFound(
            code=place.code,
            district_code=home.code if home else None,
            district=home.name if home else None,
            street=street.name if street else None,
            name=name,
            number=number,
            address="".join(parts) or None,
            score=round(max(0.0, score), 3),
            heard=spoken[heard.start : heard.end],
            alternatives=tuple(dict.fromkeys(others))[:_ALTERNATIVES],
            street_code=street.code if street else None,
        )


def _same_end(spoken: str, match: Match) -> bool:
    """Whether the last letter (区, 镇, 路 …) is written as in the name."""
    return spoken[match.end - 1] == match.name.text[-1]


def _chained(matches: list[Match]) -> list[Match]:
    """Without names that end within a district and the name behind it: 灵武 + 东塔镇 is not 灵武东塔."""
    districts = [match for match in matches if match.name.place.kind == "district"]
    chains = [(first.start, second.end) for first in districts for second in matches if second.start == first.end]
    return [
        match
        for match in matches
        if match in districts or not any(match.start == start and match.end < end for start, end in chains)
    ]


def _longest(matches: list[Match]) -> list[Match]:
    """Of names within names only the longest: 丽景街街道 hides 丽景街 inside it."""
    return [
        match
        for match in matches
        if not any(
            other is not match
            and other.start <= match.start
            and match.end <= other.end
            and other.end - other.start > match.end - match.start
            for other in matches
        )
    ]
