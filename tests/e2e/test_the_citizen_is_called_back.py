"""An appeal by web form is worked on over HTTP, and the machine asks the citizen by telephone: real SIP both ways."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.clock import utc_now
from app.demo import DEMO_PASSWORD
from tests.fixtures.front_door import free_udp_port
from tests.fixtures.product import AUDIO, ROOT, Product, hasty_city, until

pytestmark = pytest.mark.slow
_PHONE = "13910000777"
_PLACE = "金凤区宁安北街与新昌路交叉口"
_WITHIN_S = 150.0
"""The first minute is the citizen's to open the link."""


class Desk:
    """One of the demo's people at the API."""

    def __init__(self, product: Product, login: str, clients: ExitStack) -> None:
        url = f"http://127.0.0.1:{product.http_port}"
        self._http = clients.enter_context(httpx.Client(base_url=url, timeout=30))
        answer = self._http.post("/auth/sign-in", json={"login": login, "password": DEMO_PASSWORD})
        assert answer.status_code < 300, answer.text

    def ask(self, path: str) -> Any:
        answer = self._http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def act(self, no: str, action: str, **body: Any) -> None:
        """As a page does it: with the version it has just seen."""
        tag = self._http.get(f"/api/tickets/{no}").headers["etag"]
        answer = self._http.post(f"/api/tickets/{no}/actions/{action}", json=body, headers={"If-Match": tag})
        assert answer.status_code == 200, f"{action}: {answer.text}"


@pytest.fixture(scope="module")
def trunk_port() -> int:
    return free_udp_port()


@pytest.fixture(scope="module")
def calling(trunk_port: int) -> Iterator[Product]:
    """A city that calls back a minute after the answer, at any hour."""
    with tempfile.TemporaryDirectory(prefix="ht-back-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        cities = hasty_city(folder)
        rules = cities / "yinchuan" / "rules.yaml"
        text = re.sub(r"(?m)^  start: 1wd", "  start: 1nm", rules.read_text("utf-8"))
        text = re.sub(r"(?m)^  hours: .*$", '  hours: ["00:00-23:59"]', text)
        rules.write_text(text, "utf-8")
        product = Product(folder, cities, HOTLINE_TELEPHONY_TRUNK_URI=f"sip:127.0.0.1:{trunk_port}")
        try:
            product.start()
            yield product
        finally:
            product.stop()


@pytest.fixture
def citizen(trunk_port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Waits for one call at the end of the trunk: solved, satisfied."""
    command = [*("-m", "app", "answer", "--sip-port", str(trunk_port), "--dtmf", "1,2", "--max-seconds", "400")]
    heard = ["--record", str(tmp_path / "heard.wav"), "--audio", str(AUDIO / "consult.wav")]
    phone = subprocess.Popen([sys.executable, *command, *heard], stdout=subprocess.PIPE, cwd=ROOT)
    assert phone.stdout is not None
    assert json.loads(phone.stdout.readline())["ready"] is True
    yield phone
    if phone.poll() is None:
        phone.kill()
    phone.communicate()


def _hands_in(product: Product) -> str:
    """The citizen fills in the form of the web."""
    appeal = {"content": f"{_PLACE}路灯不亮三天了，晚上看不清路。", "consent": True, "address": _PLACE, "phone": _PHONE}
    answer = httpx.post(f"http://127.0.0.1:{product.http_port}/api/public/appeals", json=appeal, timeout=30)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["no"])


def _status(desk: Desk, no: str) -> int:
    return int(desk.ask(f"/api/tickets/{no}")["status"])


@pytest.fixture
def desk(calling: Product) -> Iterator[Callable[[str], Desk]]:
    """Who signs in."""
    with ExitStack() as clients:
        yield lambda login: Desk(calling, login, clients)


def test_an_answer_is_asked_about_by_a_call_of_the_machine_and_the_ticket_closed(calling, citizen, desk):
    agent, dispatcher, handler = (desk(login) for login in ("agent", "dispatcher", "handler"))
    no = _hands_in(calling)
    assert until(lambda: _status(agent, no) in {20, 30}, 60), "nobody judged it"
    if _status(agent, no) == 20:
        dispatcher.act(no, "approve")
    dispatcher.act(no, "dispatch", unit="640106-ZJ", reason="属住建部门职责")
    desk("unit").act(no, "sign")
    handler.act(no, "contact", result="reached", at=utc_now().isoformat(), text="约定现场查看", number=_PHONE)
    handler.act(no, "submit_reply", text="更换灯泡，现场已亮", public_reply="路灯已修复", solved=1)
    desk("approver").act(no, "sign_off")
    dispatcher.act(no, "accept_reply")
    assert _status(agent, no) == 70

    assert until(lambda: citizen.poll() is not None, _WITHIN_S, 1.0), "nobody called"
    assert citizen.stdout is not None
    told = json.loads(citizen.stdout.readlines()[-1])
    assert told["answered"]
    assert told["far_hangup"]
    assert until(lambda: _status(agent, no) >= 80, 30), "not closed"
    one = agent.ask(f"/api/tickets/{no}")
    kinds = [event["kind"] for event in one["events"]]
    assert kinds.count("record_callback") == 1
    assert (one["solved"], one["satisfied"]) == (1, 4), "of 5: satisfied"
    assert calling.hotline("verify")["ok"]
    sent = "".join(file.read_text("utf-8") for file in (calling.data / "messages").iterdir())
    assert sent.count(no) >= 1
