# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge.config.sink_settings import WebhookSettings
from edge.errors import OutputError
from edge.sinks.webhook import WebhookSink
from tests.edge.sinks.broker import free_port, until
from tests.edge.sinks.results import FRAME, result, source


class Receiver(ThreadingHTTPServer):
    """A server that answers with one code after the other, the last one for ever; 0 is no answer at all."""

    daemon_threads = True

    def __init__(self, port: int, *codes: int) -> None:
        self.codes = list(codes)
        self.posted: list[tuple[dict[str, Any], dict[str, str], int]] = []
        self.released = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def accepted(self) -> list[dict[str, Any]]:
        return [item for body, _, code in list(self.posted) if code == 200 for item in body["items"]]

    def close(self) -> None:
        self.released.set()
        self.shutdown()
        self.socket.close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        codes = self.server.codes
        code = codes.pop(0) if len(codes) > 1 else codes[0]
        self.server.posted.append((body, dict(self.headers), code))
        if code == 0:
            self.server.released.wait(30)
            self.close_connection = True
            return
        self.send_response(code)
        self.send_header("Content-Length", "0")
        if code == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the shape of the base
        pass


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    receivers: list[Receiver] = []

    def start(*codes: int, port: int = 0) -> Receiver:
        receivers.append(Receiver(port, *codes))
        return receivers[-1]

    yield start
    for receiver in receivers:
        receiver.close()


@pytest.fixture
def told() -> list[str]:
    return []


def opened(port: int, told: list[str], **more: object) -> WebhookSink:
    given = {"url": f"http://127.0.0.1:{port}/hook?a=b", "send": "frames", "timeout_s": 0.5, **more}
    sink = WebhookSink(WebhookSettings(type="webhook", **given), tell=told.append, first_wait_s=0.02)  # type: ignore[arg-type]
    sink.open(source())
    return sink


def write(sink: WebhookSink, *numbers: int) -> None:
    for number in numbers:
        sink.write(FRAME, result(number, "fist"))


def frames(receiver: Receiver) -> list[int]:
    return [item["frame"] for item in receiver.accepted]


def test_results_arrive_in_batches_with_the_secret(
    receive: Callable[..., Receiver], told: list[str], tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Bearer abc\n", encoding="utf-8")
    receiver = receive(200)
    sink = opened(receiver.server_port, told, secret_file=secret, batch=4)
    write(sink, *range(10))
    sink.close()
    assert frames(receiver) == list(range(10))
    assert all(len(body["items"]) <= 4 and body["schema"] == "edge.webhook/1" for body, _, _ in receiver.posted)
    assert {headers["Authorization"] for _, headers, _ in receiver.posted} == {"Bearer abc"}
    assert (told, dict(sink.lost)) == ([], {})


def test_secret_that_no_header_can_carry_is_told(told: list[str], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("Bearer 5€\n", encoding="utf-8")
    with pytest.raises(OutputError, match="has characters that no header can carry"):
        opened(free_port(), told, secret_file=secret)


def test_events_alone_are_sent_where_they_are_asked_for(receive: Callable[..., Receiver], told: list[str]) -> None:
    receiver = receive(200)
    sink = opened(receiver.server_port, told, send="events")
    write(sink, *range(20))
    sink.close()
    assert [(item["event"], item["gesture"]) for item in receiver.accepted] == [("started", "fist")]


def test_server_that_fails_gets_the_same_batch_again(receive: Callable[..., Receiver], told: list[str]) -> None:
    receiver = receive(500, 503, 429, 200)
    sink = opened(receiver.server_port, told)
    write(sink, 1)
    until(lambda: frames(receiver) == [1])
    sink.close()
    keys = {headers["Idempotency-Key"] for _, headers, _ in receiver.posted}
    assert (len(receiver.posted), len(keys), dict(sink.lost)) == (4, 1, {})
    assert [line.split(": ")[1].split(";")[0] for line in told] == [
        "the server answered 500",
        "works again, 0 lost meanwhile",
    ]


def test_server_that_hangs_is_left_and_tried_again(receive: Callable[..., Receiver], told: list[str]) -> None:
    receiver = receive(0, 200)
    sink = opened(receiver.server_port, told, timeout_s=0.2)
    begun_s = time.monotonic()
    write(sink, *range(50))
    assert time.monotonic() - begun_s < 0.5
    until(lambda: set(frames(receiver)) == set(range(50)))
    sink.close()
    assert "timed out" in told[0]


@pytest.mark.parametrize("code", [400, 403, 302])
def test_refusal_is_final_and_counted(receive: Callable[..., Receiver], told: list[str], code: int) -> None:
    receiver = receive(code, 200)
    sink = opened(receiver.server_port, told, batch=1)
    write(sink, 1)
    until(lambda: sink.lost)
    write(sink, 2)
    until(lambda: frames(receiver) == [2])
    sink.close()
    assert dict(sink.lost) == {"refused": 1}
    assert told[0].endswith(f"the server answered {code}; it was dropped")


def test_absent_server_costs_the_oldest_and_gets_the_rest_when_it_comes(
    receive: Callable[..., Receiver], told: list[str]
) -> None:
    port = free_port()
    sink = opened(port, told, queue=5, batch=2, attempts=100)
    write(sink, 0, 1)
    until(lambda: told)
    write(sink, *range(2, 20))
    receiver = receive(200, port=port)
    until(lambda: frames(receiver)[-1:] == [19])
    sink.close()
    assert frames(receiver)[-5:] == [15, 16, 17, 18, 19]
    assert sum(sink.lost.values()) + len(frames(receiver)) == 20
    assert set(sink.lost) == {"queue full"}


def test_end_of_a_run_does_not_wait_for_an_absent_server(told: list[str]) -> None:
    sink = opened(free_port(), told, batch=1)
    write(sink, *range(10))
    begun_s = time.monotonic()
    sink.close()
    assert time.monotonic() - begun_s < 5.0
    assert sum(sink.lost.values()) == 10
