"""A city small enough to read at a glance, and a way to break it."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.city import City, CityError, load
from routing.city.words import MESSAGE_SLOTS

YINCHUAN = Path(__file__).parents[2] / "cities" / "yinchuan"

FILES = {
    "city.yaml": """\
name: small
title: 小城
timezone: Asia/Shanghai
count_from_next_day: true
type_override:
  咨询: Q
auto_dispatch_confidence: 0.97
suggest_confidence: 0.6
human_confirm: [举报, E1]
backstop:
  D1: D1
  "*": HL
calendar:
  - name: 国务院
    file: calendar/national.csv
    required: true
    years: [2026]
    expected: [2026]
default_profile: N5
confirm_leaves: ["010101"]
""",
    "units.csv": """\
code,name,short,kind,tier,parent,district,function,phone,note
HL,热线中心,热线,hotline,1,,,热线中心,,
D1,东区人民政府,东区,district,2,HL,D1,,,
ZJ,市住建局,住建,department,2,HL,,住建,,
D1-ZJ,东区住建局,东区住建,department,3,D1,D1,住建,,
D1-S1,河街街道办事处,河街,street,3,D1,D1,街道,,
""",
    "places.csv": """\
code,name,kind,parent,aliases,also_in,lng,lat
C,小城,city,,,,,
D1,东区,district,C,老城;东边,,106.28,38.47
D1-S1,河街街道,street,D1,,,,
R1,河街,road,D1,,D1,,
""",
    "categories.csv": """\
code,class,group,leaf,lead,co,tier,sla
010101,住房城建,物业管理,物业服务差,住建,街道,D,N5
""",
    "functions.csv": "token,category,functions,note\n物业,,住建,\n",
    "catalogue.csv": """\
id,category,district,unit,co_units,basis
ML1,010101,,ZJ,,归口
ML2,010101,D1,D1-ZJ,ZJ,属地
""",
    "catalogue_overrides.csv": "id,category,district,unit,co_units,basis\n",
    "limits.yaml": """\
Q:
  {dispatch: 1wd, finish: 2wd}
N5:
  {dispatch: 1wd, sign: 1wd, finish: 5wd, extension_max: 1, extension: 5wd}
N10: {dispatch: 1wd, finish: 10wd}
E1: {dispatch: 5m, sign: 15m, contact: 30m, finish: 24h}
E2: {dispatch: 10m, sign: 30m, contact: 2h, finish: 3d}
X15: {dispatch: 1wd, sign: 1wd, contact: 1wd, finish: 15wd}
REWORK: {finish: 3wd}
SUP1: {finish: 3wd}
SUP2: {finish: 3wd}
SUP3: {finish: 5wd}
CP: {dispatch: 1wd, sign: 1wd, contact: 1wd, finish: 5wd}
CP15: {dispatch: 1wd, sign: 1wd, contact: 1wd, finish: 15wd}
""",
    "rules.yaml": """\
sign: {grace: 2wh, grace_urgent: 5m}
return:
  window: 1wd
  window_complex: 2wd
  review: 4wh
  review_urgent: 10m
  max_dispatch: 3
  silence: accept
arbitration: {limit: 2wd}
extension:
  cutoff: "17:00"
  longest: 10wd
  second_by_director: true
  review: 4wh
wait_info: {limit: 3wd}
suspension: {longest: 270d, progress: 30d, review: 1wd}
appraisal: {longest: 60d}
pause: {review: 1wd}
exclusion: {review: 3wd}
withdrawal: {review: 1wd}
reply: {review: 1wd}
callback: {limit: 3wd, start: 1wd, tries: 3, window: 2d, dayparts: 1, hours: ["09:00-12:00"], link: 7d, human_if: [E1]}
appeal: {window: 7d, review: 3wd}
archive: {after: 7d}
sub: {due_before: 4wh}
urge: {per_day: 1}
contact: {tries: 3}
unmerge: {window: 7d}
warn: {share: 0.8, before: 1wd}
escalate: {supervise: 1wd, circulate: 5wd}
""",
    "office_hours.csv": "start,intervals\n2026-01-01,08:30-12:00;14:00-18:00\n",
    "messages.yaml": "受理: 编号{ticket_no}\n" + "".join(f"{key}: 短信\n" for key in MESSAGE_SLOTS if key != "受理"),
    "prompts.yaml": "greeting: 您好\n",
    "prompts/greeting.wav": "",
    "emergency_words.csv": "phrase,group,companion\n着火,火情,\n着火,火情,烟雾\n浓烟,烟雾,火情\n",
    "not_accepted.csv": "reason,phrase,shown\nN1,大城,大城市\nN2,法官,法院\n",
    "calendar/national.csv": "day,working,name,source\n2026-10-01,false,国庆节,通知\n2026-10-10,true,国庆节补班,通知\n",
}


class SmallCity:
    """The folder of a valid small city. `change` breaks it; `faults` and `load` say what the loader thinks of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for file, text in FILES.items():
            path = root / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def change(self, file: str, old: str, new: str) -> None:
        text = (self.root / file).read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in {file}"
        (self.root / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    def append(self, file: str, line: str) -> None:
        with (self.root / file).open("a", encoding="utf-8") as out:
            out.write(line + "\n")

    def load(self) -> City:
        return load(self.root)

    def faults(self) -> list[str]:
        with pytest.raises(CityError) as caught:
            load(self.root)
        assert caught.value.id == "city.invalid"
        return [str(fault) for fault in caught.value.faults]


@pytest.fixture
def small(tmp_path: Path) -> SmallCity:
    return SmallCity(tmp_path)


@pytest.fixture(scope="session")
def yinchuan() -> City:
    return load(YINCHUAN)
