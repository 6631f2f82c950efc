"""A citizen with a telephone (pjsua2): dials, listens to the announcement, speaks when it has ended, stays on."""

from __future__ import annotations

import socket
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import pjsua2 as pj
import structlog

from telephony.citizen.arrivals import Arrivals
from telephony.citizen.polled import PolledArrivals

log = structlog.get_logger(__name__)

_LEVEL = 4
"""pjsua2's 0–255 level (from the bridge's side: "tx" is what the call brings) above which the far side is heard."""

_QUIET_S = 1.2
_LONGEST_ANNOUNCEMENT_S = 25.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What the citizen does. Times in seconds."""

    uri: str
    audio: tuple[Path, ...] = ()
    gap_s: float = 0.5
    number: str = "13900000001"
    dtmf: str = ""
    record: Path | None = None
    max_s: float = 120.0
    user: str | None = None
    password: str | None = None
    host: str = "127.0.0.1"
    speak_now: bool = False
    hang_up_after_s: float | None = None
    codecs: tuple[str, ...] = ("PCMA/8000/1", "PCMU/8000/1")


@dataclass(slots=True)
class Result:
    """What became of the call; written as the JSON of ``hotline call``."""

    answered: bool = False
    setup_ms: float | None = None
    talk_s: float = 0.0
    rx_gap_max_ms: float | None = None
    rx_gap_p99_ms: float | None = None
    rx_packets: int = 0
    far_hangup: bool = False
    hangup_cause: int = 0
    spoke: bool = field(default=False)


class Leg(pj.Call):
    """The citizen's leg; tells the phone."""

    def __init__(self, phone: Phone, account: pj.Account, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self._phone = phone

    def onCallState(self, _: object) -> None:  # noqa: N802  (pjsua2's name)
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._phone.answered()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self._phone.disconnected(info.lastStatusCode)

    def onCallMediaState(self, _: object) -> None:  # noqa: N802
        info = self.getInfo()  # keep it: its media vector is freed with it
        if info.media and info.media[0].status == pj.PJSUA_CALL_MEDIA_ACTIVE:
            self._phone.media(self.getAudioMedia(0))


class _Player(pj.AudioMediaPlayer):
    def __init__(self) -> None:
        super().__init__()
        self.done = False

    def onEof2(self) -> None:  # noqa: N802
        self.done = True


class Phone:
    """One call from beginning to end; use it once, in a process of its own."""

    def __init__(self, plan: Plan, sip_port: int = 0) -> None:
        """``sip_port`` 0: any free one."""
        self._plan = plan
        self._sip_port = sip_port
        self._result = Result()
        self._audio: pj.AudioMedia | None = None
        self._over = False
        self._dialled = self._picked_up = 0.0
        self._arrivals: Arrivals | PolledArrivals | None = None
        self._keep: list[object] = []
        self._player: _Player | None = None
        self._to_say: deque[Path] = deque(plan.audio)
        self._digits: deque[str] = deque(plan.dtmf)
        self._recorder: pj.AudioMediaRecorder | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="hotline-citizen-")

    # ---- told by pjsua2, on the thread of run()

    def answered(self) -> None:
        """The far side has picked up."""
        if not self._result.answered:
            self._picked_up = time.monotonic()
            self._result.answered = True
            self._result.setup_ms = round((self._picked_up - self._dialled) * 1000, 1)

    def disconnected(self, code: int) -> None:
        """The call is over, with this SIP status."""
        self._result.hangup_cause = code
        self._result.far_hangup = not self._over and self._result.answered
        self._over = True
        self._audio = None  # gone with the call: asking it anything would raise

    def media(self, audio: pj.AudioMedia) -> None:
        """There is sound (again, after a re-INVITE)."""
        self._audio = audio
        if self._recorder is None:
            # levels are only known of what somebody listens to: without --record a file that is thrown away
            self._recorder = pj.AudioMediaRecorder()
            self._recorder.createRecorder(str(self._plan.record or Path(self._scratch.name) / "heard.wav"))
        audio.startTransmit(self._recorder)
        if self._player is not None:
            self._player.startTransmit(audio)

    # ----

    def run(self) -> Result:
        """The whole call."""
        endpoint = pj.Endpoint()
        endpoint.libCreate()
        _configure(endpoint, self._plan, self._sip_port or free_port(self._plan.host))
        rtp_port = free_port(self._plan.host)
        self._listen(rtp_port)
        account = self._new_account()
        account.create(_account(self._plan, rtp_port))
        self._dialled = time.monotonic()
        self._live(endpoint, account)
        if self._picked_up:
            self._result.talk_s = round(time.monotonic() - self._picked_up, 2)
        self._measure()
        self._player = self._recorder = self._audio = None
        self._keep.clear()
        account.shutdown()
        del account
        endpoint.libDestroy()
        self._scratch.cleanup()
        return self._result

    def _new_account(self) -> pj.Account:
        return pj.Account()

    def _live(self, endpoint: pj.Endpoint, account: pj.Account) -> None:
        """Place the call and have the conversation; the call is freed when this returns."""
        call = Leg(self, account)
        prm = pj.CallOpParam(True)
        prm.opt.videoCount = 0
        call.makeCall(self._plan.uri, prm)
        self._converse(endpoint, call)

    def _converse(self, endpoint: pj.Endpoint, call: pj.Call) -> None:
        heard_at: float | None = None
        speaking_may_begin = 0.0
        next_digit_at = 0.0
        end = self._dialled + self._plan.max_s
        while not self._over:
            endpoint.libHandleEvents(10)
            now = time.monotonic()
            leave = self._plan.hang_up_after_s
            if now > end or (leave is not None and self._picked_up and now - self._picked_up > leave):
                self._hang_up(endpoint, call)
                return
            if self._audio is None or not self._picked_up:
                continue
            self._count_packets(call, now)
            if self._audio.getTxLevel() > _LEVEL:
                heard_at = now
                next_digit_at = next_digit_at or now + 1.0
            if self._digits and next_digit_at and now >= next_digit_at:
                self._press(call, self._digits.popleft())
                next_digit_at = now + 0.4
            quiet = heard_at is not None and now - heard_at > _QUIET_S
            waited_long = now - self._picked_up > _LONGEST_ANNOUNCEMENT_S
            if self._plan.speak_now or quiet or waited_long or self._result.spoke:
                speaking_may_begin = self._speak(now, speaking_may_begin)

    def _speak(self, now: float, not_before: float) -> float:
        """Say the next file when the last one is said; when the one after it may begin."""
        if self._player is not None:
            if self._player.done:
                self._keep.append(self._player)
                self._player = None
                return now + self._plan.gap_s
            return not_before
        if self._to_say and now >= not_before and self._audio is not None:
            player = _Player()
            player.createPlayer(str(self._to_say.popleft()), pj.PJMEDIA_FILE_NO_LOOP)
            player.startTransmit(self._audio)
            self._player = player
            self._result.spoke = True
        return not_before

    def _press(self, call: pj.Call, digit: str) -> None:
        if digit == "w":
            return
        prm = pj.CallSendDtmfParam()
        prm.digits = digit
        prm.duration = 120
        prm.method = pj.PJSUA_DTMF_METHOD_RFC2833
        call.sendDtmf(prm)

    def _hang_up(self, endpoint: pj.Endpoint, call: pj.Call) -> None:
        self._over = True
        call.hangup(pj.CallOpParam(True))
        end = time.monotonic() + 1.0
        while self._result.hangup_cause == 0 and time.monotonic() < end:
            endpoint.libHandleEvents(20)

    def _listen(self, port: int) -> None:
        try:
            self._arrivals = Arrivals(port)
        except PermissionError:
            self._arrivals = PolledArrivals()
            log.info("rtp_gaps_by_polling", reason="no right to open packet sockets")

    def _count_packets(self, call: pj.Call, now: float) -> None:
        if isinstance(self._arrivals, PolledArrivals):
            stat = call.getStreamStat(0)  # keep it: its parts are freed with it
            self._arrivals.heard(stat.rtcp.rxStat.pkt, now)

    def _measure(self) -> None:
        if self._arrivals is None:
            return
        gaps = sorted(self._arrivals.stop())
        if gaps:
            self._result.rx_packets = len(gaps) + 1
            self._result.rx_gap_max_ms = round(gaps[-1], 1)
            self._result.rx_gap_p99_ms = round(gaps[int(len(gaps) * 0.99)], 1)


def _configure(endpoint: pj.Endpoint, plan: Plan, sip_port: int) -> None:
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = False
    config.medConfig.clockRate = config.medConfig.sndClockRate = 8000
    config.medConfig.noVad = True
    config.medConfig.ecTailLen = 0
    config.logConfig.level = config.logConfig.consoleLevel = 0
    endpoint.libInit(config)
    transport = pj.TransportConfig()
    transport.port, transport.boundAddress = sip_port, plan.host
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    for codec in endpoint.codecEnum2():
        wanted = codec.codecId in plan.codecs
        endpoint.codecSetPriority(codec.codecId, 200 - plan.codecs.index(codec.codecId) if wanted else 0)


def _account(plan: Plan, rtp_port: int) -> pj.AccountConfig:
    config = pj.AccountConfig()
    config.idUri = f"sip:{plan.number}@{plan.host}"
    rtp = config.mediaConfig.transportConfig
    rtp.port, rtp.boundAddress, rtp.publicAddress = rtp_port, plan.host, plan.host
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE
    if plan.user and plan.password:
        config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", plan.user, 0, plan.password))
    return config


def free_port(host: str) -> int:
    """A free even UDP port whose neighbour is free too (RTP and RTCP)."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second,
        ):
            first.bind((host, 0))
            port: int = first.getsockname()[1]
            try:
                second.bind((host, port + 1))
            except OSError:
                continue
            if port % 2 == 0:
                return port
