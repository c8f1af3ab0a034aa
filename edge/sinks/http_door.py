# SPDX-License-Identifier: Apache-2.0
"""A small HTTP server for machines: few clients, little time, no way in without the right name and token."""

from __future__ import annotations

import hmac
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

MOST_CLIENTS = 8
READ_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_S = 10.0
"""How long a client may take for all of its request and for taking the answer."""

Page: TypeAlias = Callable[[], tuple[str, bytes]]
"""Returns the content type and the content."""


class HttpDoor(ThreadingHTTPServer):
    """Answers GET for some pages, in threads of its own, until it is closed.

    A request must name this machine in `Host:`, lest a page in somebody's browser reads it by a name of its own
    (DNS rebinding). With a token, pages but those in `open_pages` ask for `Authorization: Bearer`.

    Raises `OSError` when the address cannot be listened on.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        address: str,
        port: int,
        *,
        pages: Mapping[str, Page],
        token: str | None,
        open_pages: Collection[str],
        hosts: Collection[str],
    ) -> None:
        self.pages, self.token, self.open_pages = pages, token, open_pages
        self.hosts = {"localhost", "127.0.0.1", "[::1]", _bracketed(address), *(host.lower() for host in hosts)}
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._places = threading.BoundedSemaphore(MOST_CLIENTS)
        self._since_s: dict[socket.socket, float] = {}
        super().__init__((address, port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name=f"http {port}", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.server_address[1])

    def close(self) -> None:
        """Answer nobody any more."""
        self.shutdown()
        self._hang_up(list(self._since_s))
        self.server_close()
        self._thread.join()

    def server_close(self) -> None:
        """Close the socket; threads of clients end by themselves."""
        self.socket.close()

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the shape of the base
        """Answer in a thread, or hang up when there are too many clients."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._since_s[request] = time.monotonic()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - likewise
        """Answer, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._since_s.pop(request, None)
            self._places.release()

    def service_actions(self) -> None:
        """Hang up on clients that take too long."""
        limit_s = time.monotonic() - REQUEST_TIMEOUT_S
        self._hang_up([request for request, since_s in list(self._since_s.items()) if since_s < limit_s])

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - likewise
        """Say nothing of a client that left."""

    @staticmethod
    def _hang_up(requests: list[socket.socket]) -> None:
        for request in requests:
            with suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: HttpDoor
    timeout = READ_TIMEOUT_S
    server_version, sys_version = "edge", ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        page = self.server.pages.get(path)
        if not self._names_this_machine():
            self._answer(421, b"unknown host; add it to hosts\n")
        elif page is None:
            self._answer(404, b"not found\n")
        elif path not in self.server.open_pages and not self._is_let_in():
            self._answer(401, b"a token is needed\n", {"WWW-Authenticate": "Bearer"})
        else:
            kind, content = page()
            self._answer(200, content, {"Content-Type": kind})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the shape of the base
        """Nothing: requests come every few seconds."""

    def _names_this_machine(self) -> bool:
        host = self.headers.get("Host", "").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] if ":" in host else host
        return name in self.server.hosts or host in self.server.hosts

    def _is_let_in(self) -> bool:
        given = self.headers.get("Authorization", "").encode()
        return self.server.token is None or hmac.compare_digest(given, f"Bearer {self.server.token}".encode())

    def _answer(self, code: int, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        plain = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(content))}
        more = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Connection": "close"}
        for name, value in {**plain, **more, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ipaddress.ip_address(address).version == 6 else address
