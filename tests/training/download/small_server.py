# SPDX-License-Identifier: Apache-2.0
"""A web server of one small file, with the faults of real ones."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np


def archive_of(count: int = 200_000, *, seed: int = 0) -> bytes:
    """Return a ZIP archive of `count` random bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("fist/a.jpg", np.random.default_rng(seed).bytes(count))
    return content.getvalue()


@dataclass
class Shelf:
    """What the server gives, and how badly: `cuts` are bytes after which it closes the connection, answer by answer."""

    content: bytes
    ranges: bool = True
    etag: str | None = '"first"'
    announces_length: bool = True
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    cuts_always: int | None = None
    wrong_start: int = 0
    asked: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def serving(shelf: Shelf) -> Iterator[str]:
    """Yield the address of a server of `shelf`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, shelf)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _answer(handler: BaseHTTPRequestHandler, shelf: Shelf) -> None:
    asked = handler.headers.get("Range")
    shelf.asked.append(asked)
    shelf.paths.append(handler.path)
    if shelf.statuses:
        handler.send_error(shelf.statuses.pop(0))
        return
    start, total = _start(handler, shelf), len(shelf.content)
    if start >= total:
        handler.send_response(416)
        handler.send_header("Content-Range", f"bytes */{total}")
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start + shelf.wrong_start}-{total - 1}/{total}")
    if shelf.announces_length:
        handler.send_header("Content-Length", str(total - start))
    if shelf.etag:
        handler.send_header("ETag", shelf.etag)
    handler.end_headers()
    cut = shelf.cuts.pop(0) if shelf.cuts else shelf.cuts_always
    handler.wfile.write(shelf.content[start:][:cut])


def _start(handler: BaseHTTPRequestHandler, shelf: Shelf) -> int:
    match = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range") or "")
    wanted = handler.headers.get("If-Range")
    same = wanted is None or wanted == shelf.etag
    return int(match[1]) if match and shelf.ranges and same else 0
