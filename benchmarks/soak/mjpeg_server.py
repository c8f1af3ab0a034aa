# SPDX-License-Identifier: Apache-2.0
"""An HTTP camera that sends JPEG pictures one after the other (`multipart/x-mixed-replace`)."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray


class MjpegServer:
    """Serves (H, W, 3) uint8 BGR pictures over and over.

    Attributes:
        sends: cleared to stall the streams.
        cuts: set to end them.
    """

    def __init__(self, pictures: Sequence[NDArray[np.uint8]], *, fps: float) -> None:
        self.sends, self.cuts = threading.Event(), threading.Event()
        self.sends.set()
        jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path != "/live":
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                number = 0
                while not owner.cuts.is_set():
                    if owner.sends.is_set():
                        jpeg = jpegs[number % len(jpegs)]
                        head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                        number += 1
                    time.sleep(1 / fps)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/live"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def __enter__(self) -> MjpegServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cuts.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Readers that leave are no news."""
