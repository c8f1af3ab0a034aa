# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from edge.config.sink_settings import MetricsSettings
from edge.errors import OutputError
from edge.sinks import http_door
from edge.sinks.http_door import MOST_CLIENTS
from edge.sinks.metrics import MetricsSink
from tests.edge.sinks.results import FRAME, result, source

NAMES = {
    "edge_info",
    "edge_frames_total",
    "edge_hands",
    "edge_gestures_started_total",
    "edge_latency_seconds_bucket",
    "edge_latency_seconds_count",
    "edge_latency_seconds_sum",
    "edge_last_frame_timestamp_seconds",
    "edge_source_up",
    "edge_source_changes_total",
    "edge_source_dropped_frames_total",
    "edge_sink_lost_total",
}
"""A name that changes breaks somebody's dashboard: change it here and in the changelog."""

CAMERA = "rtsp://10.0.0.7/secret-path"


@pytest.fixture
def sink() -> Iterator[MetricsSink]:
    sink = MetricsSink(MetricsSettings(type="metrics", port=0), losses=lambda: {"mqtt": 3})
    sink.open(source("door"))
    yield sink
    sink.close()


def get(sink: MetricsSink, path: str = "/metrics", **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", sink.port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()
    return answer.status, content


def samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_counts_are_read_back_by_prometheus_own_parser(sink: MetricsSink) -> None:
    for number in range(4):
        sink.write(FRAME, result(number, "fist", "palm", latency_ms=40))
    sink.write(FRAME, result(4, source=CAMERA))
    sink.note_status("door", "stalled")
    code, text = get(sink)
    found = samples(text)
    assert code == 200
    assert {name for name, _ in found if not name.startswith("process_")} == NAMES
    assert found["edge_frames_total", ("door",)] == 4
    assert found["edge_hands", ("door",)] == 2
    assert found["edge_gestures_started_total", ("fist", "door")] == 1
    assert found["edge_latency_seconds_count", ("total",)] == 5
    assert found["edge_latency_seconds_sum", ("total",)] == pytest.approx(0.18)
    assert found["edge_source_up", ("door",)] == 0
    assert found["edge_source_changes_total", ("door", "stalled")] == 1
    assert found["edge_sink_lost_total", ("mqtt",)] == 3
    assert abs(found["edge_last_frame_timestamp_seconds", ("door",)] - time.time()) < 60
    assert CAMERA not in text
    assert "secret-path" not in text


def test_labels_are_bounded(sink: MetricsSink) -> None:
    for number in range(300):
        sink.write(FRAME, result(number, source=f"camera{number}"))
    sources = {labels for name, labels in samples(get(sink)[1]) if name == "edge_frames_total"}
    assert len(sources) <= 66
    assert ("other",) in sources


def test_health_tells_how_long_ago_the_latest_result_was(sink: MetricsSink) -> None:
    assert json.loads(get(sink, "/healthz")[1]) == {"status": "ok", "seconds_since_result": None}
    sink.write(FRAME, result(0))
    assert 0 <= json.loads(get(sink, "/healthz")[1])["seconds_since_result"] < 10


@pytest.mark.parametrize(
    ("host", "code"),
    [("localhost", 200), ("127.0.0.1:9464", 200), ("[::1]:9464", 200), ("evil.example", 421), ("", 421)],
)
def test_request_must_name_this_machine(sink: MetricsSink, host: str, code: int) -> None:
    assert get(sink, Host=host)[0] == code


def test_other_paths_and_methods_are_refused(sink: MetricsSink) -> None:
    assert get(sink, "/../etc/passwd")[0] == 404
    connection = http.client.HTTPConnection("127.0.0.1", sink.port, timeout=10)
    connection.request("POST", "/metrics", b"x")
    assert connection.getresponse().status == 501
    connection.close()


def test_token_is_asked_for_metrics_alone(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("let me in\n", encoding="utf-8")
    given = MetricsSettings(type="metrics", address="0.0.0.0", port=0, token_file=token, hosts=("jetson",))  # noqa: S104
    sink = MetricsSink(given)
    sink.open(source())
    try:
        assert get(sink)[0] == 401
        assert get(sink, Authorization="Bearer let me out")[0] == 401
        assert get(sink, Authorization="Bearer let me in", Host="jetson:9464")[0] == 200
        assert get(sink, "/healthz")[0] == 200
    finally:
        sink.close()


def test_port_in_use_is_told(sink: MetricsSink) -> None:
    other = MetricsSink(MetricsSettings(type="metrics", port=sink.port))
    with pytest.raises(OutputError, match=r"cannot be listened on: Address already in use"):
        other.open(source())


def test_clients_that_never_speak_hold_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_door, "REQUEST_TIMEOUT_S", 0.5)
    sink = MetricsSink(MetricsSettings(type="metrics", port=0))
    sink.open(source())
    idle = [socket.create_connection(("127.0.0.1", sink.port)) for _ in range(3 * MOST_CLIENTS)]
    try:
        begun_s = time.monotonic()
        for number in range(1000):
            sink.write(FRAME, result(number, "fist"))
        assert time.monotonic() - begun_s < 2.0
        deadline_s = time.monotonic() + 10
        while (code := answer_or_none(sink)) != 200:
            assert time.monotonic() < deadline_s, code
            time.sleep(0.05)
    finally:
        sink.close()
        for client in idle:
            client.close()


def answer_or_none(sink: MetricsSink) -> int | None:
    try:
        return get(sink)[0]
    except OSError:
        return None
