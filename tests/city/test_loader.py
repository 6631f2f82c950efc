"""Every kind of fault is reported with its file and line, and none hides another."""

from __future__ import annotations

import contextlib
from datetime import date, time
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.city import CityError, Fault, load
from routing.city.schema import UnitKind
from routing.city.words import MESSAGE_SLOTS

from .conftest import FILES, SmallCity


def test_a_sound_city_is_loaded_with_everything_in_it(small):
    city = small.load()
    assert (city.name, city.title, city.timezone) == ("small", "小城", "Asia/Shanghai")
    assert [unit.code for unit in city.units] == ["HL", "D1", "ZJ", "D1-ZJ", "D1-S1"]
    assert city.places[1].aliases == ("老城", "东边")
    assert (city.places[1].lng, city.places[1].lat) == (106.28, 38.47)
    assert city.categories[0].path == "住房城建/物业管理/物业服务差"
    assert city.limits["N5"].extension == "5wd"
    assert city.limits["Q"].sign is None
    assert city.office_hours[0].intervals == ((time(8, 30), time(12)), (time(14), time(18)))
    assert [(day.day, day.working) for day in city.layers[0].days] == [
        (date(2026, 10, 1), False),
        (date(2026, 10, 10), True),
    ]
    assert city.emergency_words == (("着火", "火情", ""), ("着火", "火情", "烟雾"), ("浓烟", "烟雾", "火情"))
    assert city.warnings == ()


# file, what to write instead of what, and the fault that follows
FAULTS = [
    ("city.yaml", "backstop:", 'emergency_leaves:\n  烟火: ["010101"]\nbackstop:',
     "city.yaml:11: emergency_words.csv 中没有“烟火”组的词语"),
    ("city.yaml", "backstop:", 'emergency_leaves:\n  火情: ["999999"]\nbackstop:', "city.yaml:11: 类别“999999”不存在"),
    ("city.yaml", "default_profile: N5", "default_profile: N9",
     "city.yaml:19: 时限档“N9”在 limits.yaml 中没有对应的一行"),
    ("city.yaml", 'confirm_leaves: ["010101"]', 'confirm_leaves: ["999999"]', "city.yaml:20: 类别“999999”不存在"),
    ("not_accepted.csv", "N2,法官", "N9,法官",
     "not_accepted.csv:3: “reason”的值“N9”不在允许范围（N1、N2、N3、N4、N5、N6、N7、N8）"),
    ("not_accepted.csv", "法官,法院", "法官,", "not_accepted.csv:3: “shown”不能为空"),
    ("not_accepted.csv", "N2,法官", "N2,大城", "not_accepted.csv:3: 词语“大城”重复，已见于 not_accepted.csv:2"),
    ("limits.yaml", "dispatch: 1wd, sign: 1wd", "sign: 1wd", "city.yaml:19: 时限档“N5”须有 dispatch 和 finish 时限"),
    ("city.yaml", "default_profile: N5\n", "", "city.yaml:1: 缺少“default_profile”"),
    ("units.csv", "D1-ZJ,东区住建局,东区住建,department,3,D1", "D1-ZJ,东区住建局,东区住建,department,3,D9",
     "units.csv:5: 上级“D9”不存在"),
    ("units.csv", "hotline,1,,", "hotline,1,D1,", "units.csv:2: 上级关系成环：HL → D1 → HL"),
    ("units.csv", "ZJ,市住建局", "D1,市住建局", "units.csv:4: 代码“D1”重复，已见于 units.csv:3"),
    ("units.csv", ",department,2,HL,,住建", ",bureau,2,HL,,住建",
     f"units.csv:4: “kind”的值“bureau”不在允许范围（{'、'.join(get_args(UnitKind))}）"),
    ("units.csv", "department,2,HL", "department,two,HL",
     "units.csv:4: “tier”的值“two”不在允许范围（1、2、3、4）"),
    ("units.csv", "street,3,D1", "street,2,HL", "units.csv:6: 类型“street”不能在第 2 级"),
    ("units.csv", "street,3,D1,D1", "street,3,D1-ZJ,D1", "units.csv:6: 上级“D1-ZJ”的级别（3）应高于本级（3）"),
    ("units.csv", "3,D1,D1,住建", "3,D1,D7,住建", "units.csv:5: “D7”不是 places.csv 中的区县"),
    ("units.csv", "HL,热线中心", ",热线中心", "units.csv:2: “code”不能为空"),
    ("units.csv", "ZJ,市住建局,住建,", "ZJ,市住建局,", "units.csv:4: 应有 10 列，实有 9 列"),
    ("units.csv", "code,name,short", "code,short", "units.csv:1: 缺少列“name”"),
    ("units.csv", "phone,note", "phone,remark", "units.csv:1: 多余的列“remark”"),
    ("units.csv", "phone,note", "phone,phone", "units.csv:1: 列“phone”重复"),
    ("units.csv", "HL,热线中心", '"HL,热线中心', "units.csv:6: CSV 格式错误：unexpected end of data"),
    ("places.csv", "city,,", "city,D1,", "places.csv:2: 上级关系成环：C → D1 → C"),
    ("places.csv", "street,D1", "street,X", "places.csv:4: 上级“X”不存在"),
    ("places.csv", "street,D1", "street,R1", "places.csv:4: 类型“street”不能在“R1”（road）之下"),
    ("places.csv", "district,C", "district,", "places.csv:3: “parent”不能为空"),
    ("places.csv", "road,D1,,D1", "road,D1,,C", "places.csv:5: “C”不是 places.csv 中的区县"),
    ("places.csv", "106.28", "1062.8", "places.csv:3: “lng”的坐标“1062.8”不对"),
    ("places.csv", "38.47", "north", "places.csv:3: “lat”的坐标“north”不对"),
    ("places.csv", "38.47", "nan", "places.csv:3: “lat”的坐标“nan”不对"),
    ("categories.csv", "D,N5", "D,N6", "categories.csv:2: 时限档“N6”在 limits.yaml 中没有对应的一行"),
    ("categories.csv", "D,N5", "Z,N5", "categories.csv:2: “tier”的值“Z”不在允许范围（C、D、S、U、T）"),
    ("categories.csv", "010101", "1-1-1", "categories.csv:2: 代码“1-1-1”应为六位数字（2+2+2）"),
    ("categories.csv", "D,N5\n", "D,N5\n010102,住房城建,物业管理,物业服务差,住建,,D,N5\n",
     "categories.csv:3: 类别“住房城建/物业管理/物业服务差”重复，已见于 categories.csv:2"),
    ("categories.csv", "D,N5\n", "D,N5\n010102,住房城建,物业管理,物业收费,住建,,D,N5\n",
     "categories.csv:3: 类别“住房城建/物业管理/物业收费”在派单目录中没有任何一行"),
    ("functions.csv", "住建", "", "functions.csv:2: “functions”不能为空"),
    ("functions.csv", "物业,,住建,\n", "物业,,住建,\n物业,,市政,\n",
     "functions.csv:3: 词“物业”重复，已见于 functions.csv:2"),
    ("catalogue.csv", "ML1,010101", "ML1,999999", "catalogue.csv:2: 类别“999999”不存在"),
    ("catalogue.csv", "D1,D1-ZJ,ZJ", "D1,D1-XX,ZJ", "catalogue.csv:3: 单位“D1-XX”不存在"),
    ("catalogue.csv", "D1-ZJ,ZJ", "D1-ZJ,XX", "catalogue.csv:3: 单位“XX”不存在"),
    ("catalogue.csv", "D1-ZJ,ZJ", "D1-ZJ,D1-ZJ", "catalogue.csv:3: 主办单位“D1-ZJ”不能同时协办"),
    ("catalogue.csv", "ML2,010101,D1", "ML2,010101,D8", "catalogue.csv:3: “D8”不是 places.csv 中的区县"),
    ("catalogue.csv", "ML2,010101,D1", "ML2,010101,",
     "catalogue.csv:3: 类别与区县“010101/全市”重复，已见于 catalogue.csv:2"),
    ("catalogue.csv", "ML2", "ML1", "catalogue.csv:3: 编号“ML1”重复，已见于 catalogue.csv:2"),
    ("catalogue.csv", "ML2", "CD010101-D1", "catalogue.csv:3: 编号“CD010101-D1”不能以 CD 开头：留给裁定"),
    ("limits.yaml", "sign: 1wd, finish: 5wd", "sign: 1wd, finish: 5xd",
     "limits.yaml:4: “finish”的时限“5xd”不对，应为整数加单位（m、nm、h、nh、d、nd、wh、wd），如 5wd"),
    ("limits.yaml", "finish: 2wd", "finish: 2", "limits.yaml:2: “finish”应为文字"),
    ("limits.yaml", "finish: 2wd", "finnish: 2wd", "limits.yaml:2: 不认识的“finnish”"),
    ("limits.yaml", "{dispatch: 1wd, finish: 2wd}", "{finish: 2wd, backfill: 24h}",
     "limits.yaml:2: “backfill”不能与“finish”同用"),
    ("limits.yaml", "extension_max: 1, ", "", "limits.yaml:4: “extension”与“extension_max”须一同填写"),
    ("limits.yaml", "extension_max: 1", "extension_max: -1", "limits.yaml:4: “extension_max”不能为负"),
    ("limits.yaml", "{dispatch: 1wd, finish: 2wd}", "2wd", "limits.yaml:1: “Q”应为键值表"),
    ("limits.yaml", "N5:", "Q:", "limits.yaml:3: 同一个键出现两次"),
    ("limits.yaml", "finish: 2wd}", "finish: 2wd",
     "limits.yaml:3: YAML 格式错误：expected ',' or '}', but got ':'"),
    ("limits.yaml", "E1: {dispatch: 5m, sign: 15m, contact: 30m, finish: 24h}\n", "", "limits.yaml:1: 缺少时限档“E1”"),
    ("limits.yaml", "SUP2:", "SUP4:", "limits.yaml:1: 缺少时限档“SUP2”"),
    ("limits.yaml", "sign: 15m, ", "", "limits.yaml:6: 时限档“E1”须有 sign 时限"),
    ("limits.yaml", "REWORK: {finish: 3wd}", "REWORK: {sign: 3wd}", "limits.yaml:9: 时限档“REWORK”须有 finish 时限"),
    ("limits.yaml", "CP15: {dispatch: 1wd, sign: 1wd, contact: 1wd", "CP15: {dispatch: 1wd, sign: 1wd",
     "limits.yaml:14: 时限档“CP15”须有 contact 时限"),
    ("limits.yaml", "REWORK: {finish: 3wd}", "REWORK: 3wd", "limits.yaml:9: “REWORK”应为键值表"),
    ("limits.yaml", "finish: 3d}", "finish: 3wd}", "limits.yaml:7: 时限档“E2”须按自然时间计时，“finish”不能用“3wd”"),
    ("limits.yaml", "finish: 24h}", "finish: 24h, extension_max: 1, extension: 1d}",
     "limits.yaml:6: 时限档“E1”不得延期"),
    ("rules.yaml", "archive: {after: 7d}\n", "", "rules.yaml:1: 缺少“archive”"),
    ("rules.yaml", "archive: {after: 7d}", "archive: 7d", "rules.yaml:24: “archive”应为键值表"),
    ("rules.yaml", "archive: {after: 7d}", "archive: {}", "rules.yaml:24: 缺少“after”"),
    ("rules.yaml", "archive:", "archives: {after: 7d}\narchive:", "rules.yaml:24: 不认识的“archives”"),
    ("rules.yaml", "archive: {after: 7d}", "archive: {after: 7d, before: 1d}", "rules.yaml:24: 不认识的“before”"),
    ("rules.yaml", "archive: {after: 7d}", "archive: {after: 7x}",
     "rules.yaml:24: “after”的时限“7x”不对，应为整数加单位（m、nm、h、nh、d、nd、wh、wd），如 5wd"),
    ("rules.yaml", "archive: {after: 7d}", 'archive: {after: ""}',
     "rules.yaml:24: “after”的时限“”不对，应为整数加单位（m、nm、h、nh、d、nd、wh、wd），如 5wd"),
    ("rules.yaml", "archive: {after: 7d}", "archive: {after: 7}", "rules.yaml:24: “after”应为文字"),
    ("rules.yaml", "archive: {after: 7d}", "archive: {after: 7d}\narchive: {after: 8d}",
     "rules.yaml:25: 同一个键出现两次"),
    ("rules.yaml", '["09:00-12:00"]', '["9-12"]',
     'rules.yaml:22: “hours”应为先后相接的时段，如 ["09:00-12:00", "14:00-20:00"]'),
    ("rules.yaml", '["09:00-12:00"]', '["09:00-12:00", "11:00-20:00"]',
     'rules.yaml:22: “hours”应为先后相接的时段，如 ["09:00-12:00", "14:00-20:00"]'),
    ("rules.yaml", '["09:00-12:00"]', "[]",
     'rules.yaml:22: “hours”应为先后相接的时段，如 ["09:00-12:00", "14:00-20:00"]'),
    ("rules.yaml", "human_if: [E1]", "human_if: [angry]",
     "rules.yaml:22: “human_if”不认识“angry”，可用：E1、E2、unhappy、supervised、rework、unreached"),
    ("rules.yaml", "dayparts: 1, hours", "dayparts: 2, hours",
     "rules.yaml:22: “dayparts”多于“hours”所及的时段数（1）"),
    ("rules.yaml", "share: 0.8", "share: 1.0", "rules.yaml:29: “share”应在 0 与 1 之间"),
    ("rules.yaml", "share: 0.8", "share: 0", "rules.yaml:29: “share”应在 0 与 1 之间"),
    ("rules.yaml", "share: 0.8", "share: 80%", "rules.yaml:29: “share”应为数字"),
    ("rules.yaml", "share: 0.8", "share: .nan", "rules.yaml:29: “share”应在 0 与 1 之间"),
    ("rules.yaml", '"17:00"', '"25:00"', "rules.yaml:11: “cutoff”应为 HH:MM"),
    ("rules.yaml", '"17:00"', '"5pm"', "rules.yaml:11: “cutoff”应为 HH:MM"),
    ("rules.yaml", '"17:00"', '"17:00\\n"', "rules.yaml:11: “cutoff”应为 HH:MM"),
    ("rules.yaml", '"17:00"', "1020", "rules.yaml:11: “cutoff”应为文字"),
    ("rules.yaml", "silence: accept", "silence: agree", "rules.yaml:8: “silence”应为 accept 或 reject"),
    ("rules.yaml", "silence: accept", 'silence: ""', "rules.yaml:8: “silence”应为 accept 或 reject"),
    ("rules.yaml", "silence: accept\n", "\n", "rules.yaml:3: 缺少“silence”"),
    ("rules.yaml", "max_dispatch: 3", "max_dispatch: 0", "rules.yaml:7: “max_dispatch”应为正整数"),
    ("rules.yaml", "max_dispatch: 3", "max_dispatch: 2.5", "rules.yaml:7: “max_dispatch”应为整数"),
    ("rules.yaml", "max_dispatch: 3", "max_dispatch: yes", "rules.yaml:7: “max_dispatch”应为整数"),
    ("rules.yaml", "second_by_director: true", "second_by_director: 1",
     "rules.yaml:13: “second_by_director”应为true 或 false"),
    ("office_hours.csv", "08:30-12:00", "08:30-14:30",
     "office_hours.csv:2: 办公时段“14:00-18:00”与前一时段重叠或次序颠倒"),
    ("office_hours.csv", "08:30-12:00;14:00-18:00", "14:00-18:00;08:30-12:00",
     "office_hours.csv:2: 办公时段“08:30-12:00”与前一时段重叠或次序颠倒"),
    ("office_hours.csv", "08:30-12:00", "12:00-08:30",
     "office_hours.csv:2: 办公时段“12:00-08:30”不对，应写作 08:30-12:00，且先起后止"),
    ("office_hours.csv", "08:30-12:00", "08:30-25:00",
     "office_hours.csv:2: 办公时段“08:30-25:00”不对，应写作 08:30-12:00，且先起后止"),
    ("office_hours.csv", "08:30-12:00;14:00-18:00", "", "office_hours.csv:2: “intervals”不能为空"),
    ("office_hours.csv", "18:00\n", "18:00\n2025-12-01,09:00-12:00\n",
     "office_hours.csv:3: 起始日期 2025-12-01 应晚于上一行的 2026-01-01"),
    ("office_hours.csv", "2026-01-01", "2026-02-30",
     "office_hours.csv:2: “start”的日期“2026-02-30”不对，应写作 2026-10-01"),
    ("calendar/national.csv", "2026-10-10", "10月10日",
     "calendar/national.csv:3: “day”的日期“10月10日”不对，应写作 2026-10-01"),
    ("calendar/national.csv", "2026-10-10", "20261010",
     "calendar/national.csv:3: “day”的日期“20261010”不对，应写作 2026-10-01"),
    ("calendar/national.csv", "2026-10-10", "2026-10-01",
     "calendar/national.csv:3: 日期“2026-10-01”重复，已见于 calendar/national.csv:2"),
    ("calendar/national.csv", "2026-10-10", "2027-10-10",
     "calendar/national.csv:3: 日期 2027-10-10 不在日历层“国务院”所列年份之内"),
    ("calendar/national.csv", "true", "maybe",
     "calendar/national.csv:3: “working”的值“maybe”不在允许范围（true、false）"),
    ("city.yaml", "years: [2026]", "years: [2025, 2026]",
     "city.yaml:17: 日历层“国务院”自称含 2025 年，calendar/national.csv 中却没有该年的日期"),
    ("city.yaml", "years: [2026]", "years: [soon]", "city.yaml:17: “years”的每一项应为整数"),
    ("city.yaml", "calendar/national.csv", "calendar/nowhere.csv", "calendar/nowhere.csv: 文件不存在"),
    ("city.yaml", "    expected: [2026]\n",
     "    expected: []\n  - {name: 国务院, file: calendar/national.csv, required: true, years: [], expected: []}\n",
     "city.yaml:19: 日历层“国务院”重复"),
    ("city.yaml", "title: 小城\n", "", "city.yaml:1: 缺少“title”"),
    ("city.yaml", "title: 小城", "title: [小城]", "city.yaml:2: “title”应为文字"),
    ("city.yaml", "title:", "titel:", "city.yaml:2: 不认识的“titel”"),
    ("city.yaml", "Asia/Shanghai", "Asia/Yinchuan", "city.yaml:3: 时区“Asia/Yinchuan”不存在"),
    ("city.yaml", "Asia/Shanghai", "../Shanghai", "city.yaml:3: 时区“../Shanghai”不存在"),
    ("city.yaml", "count_from_next_day: true", "count_from_next_day: 1",
     "city.yaml:4: “count_from_next_day”应为true 或 false"),
    ("city.yaml", "咨询: Q", "咨询: Q9", "city.yaml:6: 时限档“Q9”在 limits.yaml 中没有对应的一行"),
    ("city.yaml", "咨询: Q", "闲聊: Q", "city.yaml:6: 诉求类型“闲聊”不存在"),
    ("city.yaml", "type_override:\n  咨询: Q", "type_override: Q", "city.yaml:5: “type_override”应为键值表"),
    ("city.yaml", "confidence: 0.97", "confidence: 97",
     "city.yaml:7: “auto_dispatch_confidence”应在 0 与 1 之间"),
    ("city.yaml", "[举报, E1]", "[举报, 1]", "city.yaml:9: “human_confirm”的每一项应为文字"),
    ("city.yaml", "[举报, E1]", "[举报, 保蜜]",
     "city.yaml:9: “human_confirm”不认识“保蜜”，可用：诉求类型、时限档、保密、涉稳"),
    ("city.yaml", "D1: D1", "D1: D2", "city.yaml:11: 单位“D2”不存在"),
    ("city.yaml", "D1: D1", "D2: D1", "city.yaml:11: “D2”不是 places.csv 中的区县"),
    ("city.yaml", "D1: D1", "640104: D1", "city.yaml:11: 键“640104”应加引号"),
    ("city.yaml", '  "*": HL\n', "", "city.yaml:11: 缺少“*”（全市兜底单位）"),
    ("messages.yaml", "{ticket_no}", "{ticket_no",
     "messages.yaml:1: “受理”的花括号不成对或栏位名不对，应写作 {ticket_no}"),
    ("messages.yaml", "{ticket_no}", "{0}",
     "messages.yaml:1: “受理”的花括号不成对或栏位名不对，应写作 {ticket_no}"),
    ("messages.yaml", "{ticket_no}", "{ticket_no!r:>9}",
     "messages.yaml:1: “受理”的花括号不成对或栏位名不对，应写作 {ticket_no}"),
    ("messages.yaml", "{ticket_no}", "{due}",
     "messages.yaml:1: “受理”没有栏位“due”，可用：query_code、ticket_no"),
    ("messages.yaml", FILES["messages.yaml"], "- 受理", "messages.yaml:1: 应为键值表"),
    ("messages.yaml", "派单: 短信", "拍单: 短信",
     "messages.yaml:2: 没有“拍单”这种短信，应为：" + "、".join(MESSAGE_SLOTS)),
    ("prompts.yaml", "您好", "12345", "prompts.yaml:1: “greeting”应为文字"),
    ("emergency_words.csv", "火情,烟雾", "火情,烟", "emergency_words.csv:3: 旁证组“烟”没有任何词语"),
    ("emergency_words.csv", "浓烟,烟雾,火情\n", "浓烟,烟雾,火情\n着火,火情,\n",
     "emergency_words.csv:5: 词语“着火”重复，已见于 emergency_words.csv:2"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "fault"), FAULTS, ids=[fault for *_, fault in FAULTS])
def test_a_fault_is_named_with_file_and_line(small, file, old, new, fault):
    small.change(file, old, new)
    assert fault in small.faults()


@pytest.mark.parametrize("file", [file for file in FILES if file.endswith((".csv", ".yaml"))])
def test_a_missing_file_is_a_fault_of_that_file(small, file):
    (small.root / file).unlink()
    assert f"{file}: 文件不存在" in small.faults()


@pytest.mark.parametrize("file", [file for file in FILES if file.endswith((".csv", ".yaml"))])
def test_a_file_that_is_not_utf_8_is_a_fault_with_the_line_of_the_first_foreign_byte(small, file):
    path = small.root / file
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n\xd6\xd0", 1))
    assert f"{file}:2: 不是 UTF-8 编码，请另存为 UTF-8" in small.faults()


@pytest.mark.parametrize("file", [file for file in FILES if file.endswith(".csv")])
def test_an_empty_table_lacks_its_header(small, file):
    (small.root / file).write_text("\n")
    assert f"{file}:1: 文件为空，缺少表头" in small.faults()


def test_an_occasion_without_a_template_is_warned_of(small):
    small.change("messages.yaml", "督办: 短信\n", "")
    assert small.load().warnings == ("messages.yaml 没有这些短信的模板，将不发送：督办",)


def test_a_folder_in_the_place_of_a_file_is_a_fault(small):
    (small.root / "units.csv").unlink()
    (small.root / "units.csv").mkdir()
    assert any(fault.startswith("units.csv: 文件无法读取") for fault in small.faults())


def test_a_folder_that_is_not_there_lists_every_file(tmp_path):
    with pytest.raises(CityError) as caught:
        load(tmp_path / "atlantis")
    assert {fault.file for fault in caught.value.faults} >= {"city.yaml", "units.csv", "places.csv", "limits.yaml"}


def test_a_catalogue_without_rows_leaves_every_category_uncovered(small):
    (small.root / "catalogue.csv").write_text("id,category,district,unit,co_units,basis\n")
    assert small.faults() == ["categories.csv:2: 类别“住房城建/物业管理/物业服务差”在派单目录中没有任何一行"]


def test_all_faults_of_all_files_come_at_once_in_order(small):
    small.change("units.csv", "hotline,1,,", "hotline,1,D9,")
    small.change("limits.yaml", "finish: 5wd", "finish: 5xd")
    small.change("office_hours.csv", "2026-01-01", "yesterday")
    small.append("places.csv", "R1,重名,road,D1,,,,")
    faults = small.faults()
    assert [fault.split(": ")[0] for fault in faults] == [
        "limits.yaml:4",
        "office_hours.csv:2",
        "places.csv:6",
        "units.csv:2",
    ]


def test_the_error_prints_one_fault_a_line_and_keeps_them_as_records(small):
    small.append("units.csv", "X,y")
    small.append("units.csv", "Z")
    with pytest.raises(CityError) as caught:
        small.load()
    assert str(caught.value) == "units.csv:7: 应有 10 列，实有 2 列\nunits.csv:8: 应有 10 列，实有 1 列"
    assert caught.value.faults[0] == Fault("units.csv", 7, "应有 10 列，实有 2 列")


def test_the_line_of_a_record_is_where_it_begins_even_after_cells_with_line_breaks(small):
    small.change("units.csv", "住建,,\n", '住建,,"两\n行"\n')
    small.append("units.csv", "X,y")
    assert small.faults() == ["units.csv:8: 应有 10 列，实有 2 列"]


def test_two_cycles_are_told_apart(small):
    small.append("places.csv", "S2,甲,street,S3,,,,")
    small.append("places.csv", "S3,乙,street,S2,,,,")
    small.append("places.csv", "S4,丙,street,S4,,,,")
    cycles = [fault for fault in small.faults() if "成环" in fault]
    assert cycles == [
        "places.csv:6: 上级关系成环：S2 → S3 → S2",
        "places.csv:8: 上级关系成环：S4 → S4",
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(small):
    path = small.root / "units.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(small.load().units) == 5


def test_a_prompt_without_its_sound_is_only_a_warning(small):
    small.append("prompts.yaml", "beep: ''")
    assert small.load().warnings == ("提示音 prompts/beep.wav 不存在，通话中将跳过",)


def test_a_year_that_is_not_announced_is_a_warning_and_is_not_among_the_years(small):
    small.change("city.yaml", "expected: [2026]", "expected: [2026, 2027]")
    city = small.load()
    assert city.layers[0].years == (2026,)
    assert city.warnings == ("日历层“国务院”缺少 2027 年（通知尚未公布）：需用到该年的期限将拒绝计算",)


def test_a_duty_that_no_unit_stands_behind_is_a_warning(small):
    small.change("categories.csv", "街道,D", "街道;消防,D")
    assert small.load().warnings == ("categories.csv:2: “消防”没有对应的单位",)


def test_an_override_takes_the_place_of_the_derived_row(small):
    small.append("catalogue_overrides.csv", "TZ1,010101,D1,ZJ,,裁定")
    rows = {row.id: row for row in small.load().catalogue}
    assert set(rows) == {"ML1", "TZ1"}
    assert (rows["TZ1"].district, rows["TZ1"].unit) == ("D1", "ZJ")


def test_every_rule_of_the_file_is_read(small):
    rules = small.load().rules
    assert (rules.sign_grace, rules.return_max_dispatch, rules.return_silence) == ("2wh", 3, "accept")
    assert (rules.extension_cutoff, rules.extension_second_by_director) == (time(17), True)
    assert (rules.warn_share, rules.escalate_circulate, rules.wait_info_limit) == (0.8, "5wd", "3wd")


def test_a_review_that_is_not_made_may_mean_no(small):
    small.change("rules.yaml", "silence: accept", "silence: reject")
    assert small.load().rules.return_silence == "reject"


@pytest.mark.parametrize("name", ["E1", "E2", "N10", "X15", "REWORK", "SUP1", "SUP2", "SUP3", "CP", "CP15"])
def test_a_profile_the_rules_know_by_name_must_be_there(small, name):
    small.change("limits.yaml", f"{name}:", f"{name}A:")
    assert f"limits.yaml:1: 缺少时限档“{name}”" in small.faults()


# The files that break whole parsers: whatever stands in them, the loader answers with faults, never with a traceback.
@pytest.mark.parametrize("file", [file for file in FILES if file.endswith((".csv", ".yaml"))])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_content_of_a_file_makes_the_loader_trip(tmp_path: Path, file: str, data: st.DataObject):
    small = SmallCity(tmp_path)
    text = FILES[file]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    junk = data.draw(st.text(st.sampled_from("\x00\n\"',:;{}[]-&*!|>%@`#\t 甲a1."), max_size=8) | st.text(max_size=4))
    (small.root / file).write_bytes((text[:start] + junk + text[end:]).encode("utf-8", "surrogatepass"))
    with contextlib.suppress(CityError):
        load(small.root)
