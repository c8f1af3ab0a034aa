# SPDX-License-Identifier: Apache-2.0
"""Results posted to a URL."""

from __future__ import annotations

import http.client
import json
import random
import ssl
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from edge.config.sink_settings import WebhookSettings
from edge.errors import OutputError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.gesture_events import GestureEvents
from edge.sinks.label import label_of
from edge.sinks.secret import secret_of_sink
from edge.sinks.sink import Sink
from edge.sinks.trouble import Trouble, tell_by_warning
from edge.sources.source import Source

SCHEMA = "edge.webhook/1"
FIRST_WAIT_S, LONGEST_WAIT_S, JITTER = 0.5, 30.0, 0.2
FAREWELL_S = 3.0
_TRY_AGAIN = frozenset({408, 425, 429})


class WebhookSink(Sink):
    """Posts batches of events or results as JSON; a server that fails, hangs or is away is no matter of any frame.

    A batch is tried again after growing waits, with the same `Idempotency-Key`, until the server takes it, refuses it
    for good, or `attempts` are over. Redirects are not followed: they could carry the secret elsewhere.

    Raises:
        OutputError: from `open`, the secret cannot be read, or not be sent.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        *,
        tell: Callable[[str], None] = tell_by_warning,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._url = urlsplit(settings.url)
        self.name = f"webhook {self._url.hostname}"
        self._settings, self._first_wait_s = settings, first_wait_s
        self._trouble = Trouble(self.name, tell)
        self._changed = threading.Condition()
        self._queue: deque[dict[str, Any]] = deque()
        self._events: dict[str, GestureEvents] = {}
        self._headers: dict[str, str] = {}
        self._end_s: float | None = None
        self._thread: threading.Thread | None = None
        self._connection: http.client.HTTPConnection | None = None

    @property
    def lost(self) -> Mapping[str, int]:
        """What was dropped: by a full queue, refused, or tried too often."""
        return dict(self._trouble.lost)

    def open(self, source: Source) -> None:  # noqa: ARG002 - part of every sink's shape
        """Read the secret and begin to wait for results. Raises `OutputError`."""
        self._headers = {"Content-Type": "application/json", "User-Agent": "edge-hands"}
        secret = secret_of_sink(self.name, file=self._settings.secret_file)
        if secret is not None:
            if not (secret.isascii() and secret.isprintable()):
                told = f"the secret in {self._settings.secret_file} has characters that no header can carry"
                raise OutputError(f"{self.name}: {told}; write it in ASCII")
            self._headers[self._settings.header] = secret
        self._end_s = None
        self._thread = threading.Thread(target=self._serve, name=self.name, daemon=True)
        self._thread.start()

    def write(self, frame: Frame, result: FrameResult) -> None:  # noqa: ARG002 - likewise
        """Queue what a result tells."""
        label = label_of(result.source)
        if self._settings.send == "frames":
            self._put([{**result.to_dict(), "source": label}] if len(result.hands) else [])
        else:
            events = self._events.setdefault(label, GestureEvents()).update(result)
            self._put([{**event.to_dict(), "source": label} for event in events])

    def close(self) -> None:
        """Post what is queued, as far as the server takes it within three seconds; the rest is counted as lost."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._changed:
            self._end_s = time.monotonic() + FAREWELL_S
            self._changed.notify_all()
        thread.join(FAREWELL_S + 0.5)  # for it to count what it holds at the end
        with self._changed:
            if self._queue:
                self._trouble.lose("closed before it was sent", len(self._queue))
            self._queue.clear()

    def _put(self, items: list[dict[str, Any]]) -> None:
        with self._changed:
            for item in items:
                if len(self._queue) == self._settings.queue:
                    self._queue.popleft()
                    self._trouble.lose("queue full")
                self._queue.append(item)
            if items:
                self._changed.notify_all()

    def _serve(self) -> None:
        while (batch := self._next_batch()) is not None:
            self._deliver(batch)
        self._hang_up()

    def _next_batch(self) -> list[dict[str, Any]] | None:
        """Wait for something to post; None when nothing will come."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._queue) or self._end_s is not None)
            if not self._queue or self._is_over():
                return None
            return [self._queue.popleft() for _ in range(min(len(self._queue), self._settings.batch))]

    def _deliver(self, batch: list[dict[str, Any]]) -> None:
        body = json.dumps({"schema": SCHEMA, "items": batch}, separators=(",", ":"), ensure_ascii=False).encode()
        headers = {**self._headers, "Idempotency-Key": str(uuid.uuid4())}
        wait_s = self._first_wait_s
        for attempt in range(1, self._settings.attempts + 1):
            fault, for_good = self._posted(body, headers)
            if fault is None:
                self._trouble.end()
                return
            self._trouble.begin(fault, f"{fault}; {'it was dropped' if for_good else 'it is tried again'}")
            if for_good:
                self._trouble.lose("refused", len(batch))
                return
            if attempt == self._settings.attempts or not self._waited(wait_s * random.uniform(1 - JITTER, 1 + JITTER)):
                break
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        self._trouble.lose("tried too often", len(batch))

    def _posted(self, body: bytes, headers: dict[str, str]) -> tuple[str | None, bool]:
        """Post once; return what went wrong, and whether that is for good."""
        path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        try:
            if self._connection is None:
                self._connection = self._new_connection()
            self._connection.request("POST", path, body, headers)
            answer = self._connection.getresponse()
            answer.read(65536)
            if answer.will_close or not answer.isclosed():
                self._hang_up()
        except (OSError, ValueError, http.client.HTTPException) as error:
            self._hang_up()
            return f"the server cannot be reached ({str(error) or type(error).__name__})", False
        if 200 <= answer.status < 300:
            return None, False
        return f"the server answered {answer.status}", answer.status < 500 and answer.status not in _TRY_AGAIN

    def _new_connection(self) -> http.client.HTTPConnection:
        host, timeout_s = self._url.hostname or "", self._settings.timeout_s
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, self._url.port, timeout=timeout_s, context=context)
        return http.client.HTTPConnection(host, self._url.port, timeout=timeout_s)

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _waited(self, wait_s: float) -> bool:
        """Wait before another attempt; False when there is no time for one."""
        with self._changed:
            if self._end_s is not None:
                wait_s = min(wait_s, self._end_s - time.monotonic())
            self._changed.wait_for(self._is_over, max(wait_s, 0.0))
            return not self._is_over()

    def _is_over(self) -> bool:
        return self._end_s is not None and time.monotonic() >= self._end_s
