# SPDX-License-Identifier: Apache-2.0
"""An RTSP camera that misbehaves on demand (RFC 2326, interleaved over TCP)."""

from __future__ import annotations

import enum
import hashlib
import random
import re
import socket
import ssl
import struct
import threading
import time
from types import TracebackType

from benchmarks.soak.h264 import Clip

_SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=soak\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets}\r\n"
    "a=control:track\r\n"
)
_REALM, _NONCE = "camera", "5ca1ab1e"
_IDLE_S = 0.02


class Misbehaviour(enum.Enum):
    """What the camera does wrong; it lasts until another one is set."""

    none = "none"
    stall = "stall"
    """Streams stay connected and send nothing more; a new one is like them after its answer to PLAY."""
    frozen = "frozen"
    """Like a process that is stopped: streams stall, and who connects gets no answer."""
    fin = "fin"
    """Streams and connections are closed."""
    rst = "rst"
    """Streams and connections are reset."""
    garbage = "garbage"
    """Streams send noise."""
    unauthorized = "unauthorized"
    """Every password is refused, and streams are closed."""
    missing = "missing"
    """There is no such stream any more."""


class RtspServer:
    """Serves a clip over and over to any number of readers, each from a random key frame on, or from another frame.

    Attributes:
        misbehaviour: may be set at any time.
        port: where it listens on the loopback.
        connections: how many are open.
        most_connections: how many were open at the same time.
    """

    def __init__(
        self,
        clip: Clip,
        *,
        user: str | None = None,
        password: str = "",
        tls: ssl.SSLContext | None = None,
        port: int = 0,
        key_first: bool = True,
        seed: int = 0,
    ) -> None:
        self.misbehaviour = Misbehaviour.none
        self.connections = self.most_connections = 0
        self.clip, self.user, self.password, self._tls = clip, user, password, tls
        self.key_first = key_first
        self.random = random.Random(seed)
        self._changed = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self.closing = False
        self._threads: list[threading.Thread] = []
        self._start(self._listen)

    @property
    def address(self) -> str:
        """What a reader opens, without a user."""
        return f"{'rtsp' if self._tls is None else 'rtsps'}://127.0.0.1:{self.port}/live"

    def __enter__(self) -> RtspServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing = True
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads = [other for other in self._threads if other.is_alive()]
        thread.start()
        self._threads.append(thread)

    def _listen(self) -> None:
        self._listener.settimeout(0.1)
        while not self.closing:
            try:
                connection = self._listener.accept()[0]
            except TimeoutError:
                continue
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with self._changed:
            self.connections += 1
            self.most_connections = max(self.most_connections, self.connections)
        try:
            connection.settimeout(_IDLE_S)
            if self._tls is not None:
                connection.settimeout(2)
                connection = self._tls.wrap_socket(connection, server_side=True)
                connection.settimeout(_IDLE_S)
            _Session(self, connection).run()
        except (OSError, ConnectionError):
            pass
        finally:
            connection.close()
            with self._changed:
                self.connections -= 1


class _Session:
    """One reader's connection."""

    def __init__(self, server: RtspServer, connection: socket.socket) -> None:
        self._server, self._connection = server, connection
        self._heard = b""
        self._sequence = 0
        self._playing_since_s: float | None = None
        self._number = self._first = 0

    def run(self) -> None:
        """Answer and send until either side has enough."""
        server = self._server
        while not server.closing:
            wrong = server.misbehaviour
            refuses = wrong in {Misbehaviour.unauthorized, Misbehaviour.missing}
            if wrong is Misbehaviour.fin or (refuses and self._playing_since_s is not None):
                return
            if wrong is Misbehaviour.rst:
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            if wrong is not Misbehaviour.frozen and not self._hear():
                return
            if wrong is Misbehaviour.frozen:
                time.sleep(_IDLE_S)
            elif self._playing_since_s is not None:
                self._send(wrong)

    def _hear(self) -> bool:
        try:
            heard = self._connection.recv(65536)
        except TimeoutError:
            return True
        self._heard += heard
        while b"\r\n\r\n" in self._heard:
            # What a reader reports about RTP stands between requests.
            if self._heard[:1] == b"$":
                self._heard = self._heard[4 + int.from_bytes(self._heard[2:4], "big") :]
                continue
            request, _, self._heard = self._heard.partition(b"\r\n\r\n")
            self._answer(request.decode())
        return bool(heard)

    def _answer(self, request: str) -> None:
        method = request.split(" ", 1)[0]
        code, headers, body = self._reply(method, request)
        sequence = re.search(r"CSeq: *(\d+)", request, re.IGNORECASE)
        lines = [f"RTSP/1.0 {code}", f"CSeq: {sequence[1] if sequence else 0}", *headers]
        if body:
            lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        self._connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        if method == "PLAY" and code.startswith("200"):
            self._play()

    def _reply(self, method: str, request: str) -> tuple[str, list[str], str]:
        server = self._server
        if method == "OPTIONS":
            return "200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"], ""
        if server.misbehaviour is Misbehaviour.missing:
            return "404 Not Found", [], ""
        if not self._is_welcome(method, request):
            return "401 Unauthorized", [f'WWW-Authenticate: Digest realm="{_REALM}", nonce="{_NONCE}"'], ""
        if method == "DESCRIBE":
            return "200 OK", [f"Content-Base: {server.address}/"], _SDP.format(sets=server.clip.parameter_sets)
        if method == "SETUP":
            return "200 OK", ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 7"], ""
        return "200 OK", ["Session: 7"], ""

    def _is_welcome(self, method: str, request: str) -> bool:
        server = self._server
        if server.misbehaviour is Misbehaviour.unauthorized:
            return False
        if server.user is None:
            return True
        given = dict(re.findall(r'(\w+)="([^"]*)"', request))
        owner = _md5(f"{server.user}:{_REALM}:{server.password}")
        return given.get("response") == _md5(f"{owner}:{_NONCE}:{_md5(f'{method}:' + given.get('uri', ''))}")

    def _play(self) -> None:
        clip = self._server.clip
        numbers = [n for n in range(len(clip.units)) if clip.is_key(n) == self._server.key_first]
        self._first = self._number = self._server.random.choice(numbers)
        self._playing_since_s = time.monotonic()

    def _send(self, wrong: Misbehaviour) -> None:
        clip = self._server.clip
        due = self._first + int((time.monotonic() - (self._playing_since_s or 0)) * clip.fps)
        self._connection.settimeout(2)
        while self._number <= due:
            if wrong is Misbehaviour.garbage:
                self._connection.sendall(self._server.random.randbytes(1000))
            elif wrong is not Misbehaviour.stall:
                packets = clip.rtp(self._number, self._sequence)
                self._sequence += len(packets)
                self._connection.sendall(b"".join(b"$\x00" + struct.pack(">H", len(p)) + p for p in packets))
            self._number += 1
        self._connection.settimeout(_IDLE_S)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - what Digest authentication is made of
