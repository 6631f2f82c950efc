"""Measures when RTP really arrives, by the kernel's clock, beside the phone: a filtered packet socket on its port.

pjsua2 tells jitter and loss, but not the longest gap between two packets, the figure a re-anchoring is judged by; and
a relay in the media path would change what is measured (pjmedia follows the source address of what it hears).
"""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import threading
from itertools import pairwise

_ETH_P_IP = 0x0800
_TIMESTAMPNS = 35  # SO_TIMESTAMPNS; Python has no name for it
_ATTACH_FILTER = 26
_OUTGOING = 4  # PACKET_OUTGOING: on loopback each packet is seen twice
_TIMESPEC = struct.Struct("@qq")
_RTP_HEADER = 12
_RTCP_TYPES = range(200, 208)


def _udp_to(port: int) -> list[tuple[int, int, int, int]]:
    """BPF over an IPv4 packet: UDP to this port."""
    return [
        (0x30, 0, 0, 9),  # protocol
        (0x15, 0, 4, socket.IPPROTO_UDP),
        (0xB1, 0, 0, 0),  # x = length of the IP header
        (0x48, 0, 0, 2),  # destination port
        (0x15, 0, 1, port),
        (0x06, 0, 0, 256),
        (0x06, 0, 0, 0),
    ]


class Arrivals:
    """Arrival times of the RTP packets to one UDP port. Needs CAP_NET_RAW."""

    def __init__(self, port: int) -> None:
        """Begin to listen.

        Raises:
            PermissionError: the process may not open packet sockets.
        """
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
        program = b"".join(struct.pack("HBBI", *step) for step in _udp_to(port))
        buffer = ctypes.create_string_buffer(program)
        steps = struct.pack("HL", len(program) // 8, ctypes.addressof(buffer))
        self._socket.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, steps)
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMESTAMPNS, 1)
        self._arrived: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="rtp arrivals")
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            if not select.select([self._socket], [], [], 0.2)[0]:
                continue
            data, ancillary, _, source = self._socket.recvmsg(256, 64)
            rtp = data[(data[0] & 15) * 4 + 8 :]
            if source[2] == _OUTGOING or len(rtp) <= _RTP_HEADER or rtp[1] in _RTCP_TYPES:
                continue
            for level, kind, value in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, _TIMESTAMPNS):
                    seconds, nanoseconds = _TIMESPEC.unpack(value[:16])
                    self._arrived.append(seconds * 1_000_000_000 + nanoseconds)

    def stop(self) -> list[float]:
        """End; the milliseconds between one packet and the next."""
        self._stop.set()
        self._thread.join(1.0)
        self._socket.close()
        return [(later - earlier) / 1e6 for earlier, later in pairwise(self._arrived)]
