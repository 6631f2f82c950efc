"""pjsua2 for one conversation. One thread owns it from libCreate to libDestroy; nothing is freed inside a callback.

What pjsua2 asks for (measured, see docs/adr/0001): references to accounts, calls, players and recorders are kept until
the library is done with them; no exception leaves a callback; REFER is refused (accepting it drops the call).
"""

from __future__ import annotations

import wave
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import pjsua2 as pj
import structlog

from telephony.line.protocol import TOKEN_HEADER

log = structlog.get_logger(__name__)

_CODECS = {"PCMA/8000/1": 200, "PCMU/8000/1": 190}
_CLOCK = 8000
_SHORTEST_PLAY = 4096
"""Bytes. Pjmedia never reports the end of a playlist that fits into its file buffer (a quarter of a second)."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the line listens: inner SIP (0: any free port), and RTP from ``rtp_port`` on."""

    host: str
    sip_port: int
    rtp_port: int
    rtp_range: int


@dataclass(frozen=True, slots=True)
class Happened:
    """Something pjsua2 said: "incoming", "media", "hold", "ended", "digit", "eof"."""

    kind: str
    text: str = ""
    number: int = 0


class _Call(pj.Call):
    def __init__(self, endpoint: Endpoint, account: pj.Account, call_id: int) -> None:
        super().__init__(account, call_id)
        self._endpoint = endpoint

    def onCallState(self, _: object) -> None:  # noqa: N802  (pjsua2's name)
        try:
            info = self.getInfo()
            if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
                self._endpoint.report(self, Happened("ended", number=info.lastStatusCode))
        except pj.Error:
            log.exception("call_state_failed")

    def onCallMediaState(self, _: object) -> None:  # noqa: N802
        try:
            info = self.getInfo()  # keep it: its media vector is freed with it
            if not info.media:
                return
            if info.media[0].status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                self._endpoint.report(self, Happened("media", text=self.getStreamInfo(0).codecName))
            both_ways = info.media[0].dir == pj.PJMEDIA_DIR_ENCODING_DECODING
            self._endpoint.report(self, Happened("hold", number=int(not both_ways)))
        except pj.Error:
            log.exception("media_state_failed")

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:  # noqa: N802
        method = "info" if prm.method == pj.PJSUA_DTMF_METHOD_SIP_INFO else "rfc4733"
        self._endpoint.report(self, Happened("digit", text=prm.digit, number=int(method == "info")))

    def onCallTransferRequest(self, prm: pj.OnCallTransferRequestParam) -> None:  # noqa: N802
        prm.statusCode = 403


class _Account(pj.Account):
    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802
        self._endpoint.incoming(_Call(self._endpoint, self, prm.callId), prm.rdata.wholeMsg)


class _Player(pj.AudioMediaPlayer):
    def __init__(self, endpoint: Endpoint, play_id: str) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._id = play_id

    def onEof2(self) -> None:  # noqa: N802
        self._endpoint.happened.append(Happened("eof", text=self._id))


class Endpoint:
    """At most one citizen's leg; plays to it, records both sides of it."""

    def __init__(self, at: Addresses, silence: Path, token: str) -> None:
        self._token = token
        self.happened: deque[Happened] = deque()
        self._silence_file = silence
        self._call: pj.Call | None = None
        self._audio: pj.AudioMedia | None = None
        self._player: _Player | None = None
        self._silence: pj.AudioMediaPlayer | None = None
        self._recorders: list[pj.AudioMediaRecorder] = []
        self._finished_players: list[_Player] = []
        self._refused: list[pj.Call] = []
        self._ep = pj.Endpoint()
        self._ep.libCreate()
        self._ep.libInit(_config())
        transport = pj.TransportConfig()
        transport.port, transport.boundAddress, transport.publicAddress = at.sip_port, at.host, at.host
        created = self._ep.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
        self.sip_port = int(self._ep.transportGetInfo(created).localName.rpartition(":")[2])
        self._ep.libStart()
        self._ep.audDevManager().setNoDev()
        for codec in self._ep.codecEnum2():
            self._ep.codecSetPriority(codec.codecId, _CODECS.get(codec.codecId, 0))
        self._account = _Account(self)
        self._account.create(_account_config(at))

    def poll(self, milliseconds: int) -> None:
        """Let SIP work; frees what ended since the last time."""
        self._finished_players.clear()
        self._refused.clear()
        self._ep.libHandleEvents(milliseconds)

    def incoming(self, call: pj.Call, message: str) -> None:
        """The one INVITE with our token is kept until :meth:`answer`; another is refused."""
        known = f"\r\n{TOKEN_HEADER}: {self._token}\r\n".lower() in message.lower()
        if self._call is not None or not known:
            call.hangup(_status(486 if known else 403))
            self._refused.append(call)
            return
        self._call = call
        self.happened.append(Happened("incoming"))

    def report(self, call: pj.Call, happened: Happened) -> None:
        """What a call says, unless it is one that was refused."""
        if call is self._call:
            self.happened.append(happened)

    def answer(self) -> None:
        """200 OK; an offer without G.711 has been refused with 488 by pjsua2 itself."""
        if self._call is not None:
            self._ep.audDevManager().setNullDev()  # the clock runs while there is a call
            self._call.answer(_status(200))

    def connect(self, citizen: Path, agent: Path) -> None:
        """Sound is there: record both sides, and go on playing into a leg whose media was renewed."""
        if self._call is None:
            return
        self._audio = self._call.getAudioMedia(-1)
        if not self._recorders:
            try:
                self._record(citizen, agent)
            except pj.Error as error:
                self._recorders.clear()
                log.error("not_recorded", error=error.info())  # noqa: TRY400  (pj.Error's own text says it all)
        if self._recorders:
            self._audio.startTransmit(self._recorders[0])
        if self._player is not None:
            self._player.startTransmit(self._audio)

    def _record(self, citizen: Path, agent: Path) -> None:
        self._silence = pj.AudioMediaPlayer()
        self._silence.createPlayer(str(self._silence_file))
        for path in (citizen, agent):
            recorder = pj.AudioMediaRecorder()
            recorder.createRecorder(str(path))
            self._silence.startTransmit(recorder)  # so that the recording's time never stands still
            self._recorders.append(recorder)

    def play(self, play_id: str, files: list[Path]) -> None:
        """Play files without gaps between them; those that cannot be played are passed over."""
        self.stop_play()
        playable = [str(path) for path in files if is_playable(path)]
        if sum(Path(name).stat().st_size for name in playable) < _SHORTEST_PLAY or self._audio is None:
            self.happened.append(Happened("eof", text=play_id))
            return
        player = _Player(self, play_id)
        try:
            names = pj.StringVector()
            for name in playable:
                names.append(name)
            player.createPlaylist(names, play_id, pj.PJMEDIA_FILE_NO_LOOP)
        except pj.Error as error:
            log.warning("prompt_not_played", error=error.info())
            self._finished_players.append(player)
            self.happened.append(Happened("eof", text=play_id))
            return
        player.startTransmit(self._audio)
        if self._recorders:
            player.startTransmit(self._recorders[1])
        self._player = player

    def stop_play(self) -> None:
        """Silence; the player is freed, and so disconnected, in the next round."""
        if self._player is not None:
            self._finished_players.append(self._player)
            self._player = None

    def ended_play(self, play_id: str) -> bool:
        """Whether the player that reached its end is the present one; frees it."""
        if self._player is not None and self._player._id == play_id:  # noqa: SLF001  (our own class)
            self.stop_play()
            return True
        return self._player is None

    def received_packets(self) -> int:
        """RTP packets that have come from the citizen."""
        if self._call is None:
            return 0
        try:
            stat = self._call.getStreamStat(0)  # keep it: its parts are freed with it
            return int(stat.rtcp.rxStat.pkt)
        except pj.Error:
            return 0

    @property
    def has_call(self) -> bool:
        """Whether a leg is up or coming up."""
        return self._call is not None

    def hang_up(self) -> None:
        """BYE (or a final answer) to what is up."""
        if self._call is not None:
            try:
                self._call.hangup(_status(603))
            except pj.Error:
                log.info("already_hung_up")

    def close_recorders(self) -> None:
        """Finish both WAVs; their headers are right from now on."""
        self.stop_play()
        self._finished_players.clear()
        self._recorders.clear()
        self._silence = None

    def ended(self) -> None:
        """The leg is gone: forget it."""
        self.close_recorders()
        self._audio = None
        self._call = None

    def destroy(self) -> None:
        """Everything, in the order pjsua2 needs."""
        self.ended()
        self._refused.clear()
        self._account.shutdown()
        del self._account
        self._ep.audDevManager().setNoDev()
        self._ep.libDestroy()
        del self._ep


def is_playable(path: Path) -> bool:
    """Whether a file is a 16-bit mono WAV with sound in it."""
    try:
        with wave.open(str(path)) as sound:
            return sound.getnchannels() == 1 and sound.getsampwidth() == 2 and sound.getnframes() > 0
    except (wave.Error, EOFError, OSError):
        log.warning("prompt_broken", file=path.name)
        return False


def _status(code: int) -> pj.CallOpParam:
    prm = pj.CallOpParam(True)
    prm.statusCode = code
    return prm


def _config() -> pj.EpConfig:
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = False
    config.uaConfig.maxCalls = 4
    config.uaConfig.userAgent = "hotline-line"
    media = config.medConfig
    media.clockRate = media.sndClockRate = _CLOCK
    media.noVad = True
    media.ecTailLen = 0
    media.maxMediaPorts = 32
    media.threadCnt = 1
    config.logConfig.level = config.logConfig.consoleLevel = 1
    return config


def _account_config(at: Addresses) -> pj.AccountConfig:
    config = pj.AccountConfig()
    config.idUri = f"sip:line@{at.host}:{at.sip_port}"
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE
    config.mediaConfig.lockCodecEnabled = False  # else a citizen who answers our offer with two gets a re-INVITE
    rtp = config.mediaConfig.transportConfig
    rtp.port, rtp.portRange, rtp.boundAddress, rtp.publicAddress = at.rtp_port, at.rtp_range, at.host, at.host
    return config
