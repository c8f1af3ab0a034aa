# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from edge.config.sink_settings import MqttSettings, TlsSettings
from edge.errors import OutputError
from edge.sinks.mqtt import MqttSink
from edge.sinks.mqtt_client import client_id_of
from tests.edge.sinks.broker import PASSWORD, USER, Broker, Subscriber, until
from tests.edge.sinks.results import FRAME, result, source

ROOT = "edge/hands"
AVAILABILITY = f"{ROOT}/availability"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.kill()


@pytest.fixture
def subscriber(broker: Broker) -> Iterator[Subscriber]:
    subscriber = Subscriber(broker)
    yield subscriber
    subscriber.close()


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def sink(broker: Broker, tmp_path: Path, told: list[str]) -> Iterator[MqttSink]:
    sink = MqttSink(settings(broker, tmp_path), tell=told.append)
    sink.open(source())
    yield sink
    sink.close()


def settings(broker: Broker, folder: Path, **more: object) -> MqttSettings:
    secret = folder / "secret"
    secret.write_text(f"{PASSWORD}\nnot this\n", encoding="utf-8")
    given = {"host": "127.0.0.1", "port": broker.port, "user": USER, "password_file": secret, "interval_s": 0, **more}
    return MqttSettings(type="mqtt", **given)  # type: ignore[arg-type]


def write(sink: MqttSink, numbers: Iterator[int], *gestures: str, times: int = 1) -> None:
    for _ in range(times):
        sink.write(FRAME, result(next(numbers), *gestures))


def test_states_events_and_availability_reach_a_subscriber(subscriber: Subscriber, sink: MqttSink) -> None:
    numbers = count()
    write(sink, numbers, "fist", times=4)
    write(sink, numbers, times=6)
    until(lambda: len(subscriber.at(f"{ROOT}/door/event")) == 2)
    started, ended = subscriber.json_at(f"{ROOT}/door/event")
    assert started == {
        "schema": "edge.event/1",
        "event": "started",
        "source": "door",
        "gesture": "fist",
        "handedness": None,
        "track_id": None,
        "frame": 2,
        "time_s": round(2 / 30, 6),
    }
    assert (ended["event"], ended["gesture"], ended["frame"]) == ("ended", "fist", 8)
    last = {"schema": "edge.state/1", "hands": 0, "gesture": "none", "gestures": []}
    until(lambda: subscriber.json_at(f"{ROOT}/door/state")[-1:] == [last])
    assert subscriber.at(AVAILABILITY) == ["online"]
    assert subscriber.at(f"{ROOT}/door/availability")[-1] == "online"
    assert subscriber.json_at(f"{ROOT}/door/status")[-1] == {"schema": "edge.status/1", "state": "live"}
    sink.note_status("door", "stalled")
    until(lambda: subscriber.at(f"{ROOT}/door/availability")[-1] == "offline")
    sink.close()
    until(lambda: subscriber.at(AVAILABILITY) == ["online", "offline"])
    assert subscriber.json_at(f"{ROOT}/door/status")[-1]["state"] == "ended"


def test_home_assistant_learns_of_sensors_and_again_when_it_starts(subscriber: Subscriber, sink: MqttSink) -> None:
    topics = [f"homeassistant/sensor/hands_door_{what}/config" for what in ("gesture", "hands", "status")]
    until(lambda: all(subscriber.at(topic) for topic in topics))
    for topic in topics:
        (sensor,) = subscriber.json_at(topic)
        assert sensor["unique_id"] == f"edge_{topic.split('/')[2]}"
        assert sensor["state_topic"].startswith(f"{ROOT}/door/")
        assert sensor["availability"][0] == {"topic": AVAILABILITY}
        assert sensor["availability_mode"] == "all"
        assert sensor["expire_after"] > 0
        assert sensor["device"]["identifiers"] == ["edge_hands"]
        assert sensor["origin"]["name"] == "edge-hands"
    write(sink, count(), "palm", times=3)
    until(lambda: any(state["gesture"] == "palm" for state in subscriber.json_at(f"{ROOT}/door/state")))
    states = len(subscriber.at(f"{ROOT}/door/state"))
    subscriber.say("homeassistant/status", "online")
    until(lambda: all(len(subscriber.at(topic)) == 2 for topic in topics))
    until(lambda: len(subscriber.at(AVAILABILITY)) == 2)
    until(lambda: len(subscriber.at(f"{ROOT}/door/state")) == states + 1)


def test_broker_that_is_killed_gets_everything_that_fits_when_it_is_back(
    broker: Broker, subscriber: Subscriber, tmp_path: Path, told: list[str]
) -> None:
    sink = MqttSink(settings(broker, tmp_path, queue=4), tell=told.append)
    sink.open(source())
    until(lambda: subscriber.at(AVAILABILITY))
    broker.kill()
    until(lambda: told)
    numbers, begun_s = count(), time.monotonic()
    for _ in range(5):
        write(sink, numbers, "fist", times=4)
        write(sink, numbers, times=6)
    assert time.monotonic() - begun_s < 1.0
    assert dict(sink.lost) == {"broker away": 6}
    subscriber.heard.clear()
    broker.start()
    until(lambda: len(subscriber.at(f"{ROOT}/door/event")) == 4)
    assert [event["frame"] for event in subscriber.json_at(f"{ROOT}/door/event")] == [32, 38, 42, 48]
    until(lambda: "online" in subscriber.at(AVAILABILITY))
    until(lambda: subscriber.at("homeassistant/sensor/hands_door_status/config"))
    assert len(told) == 2
    assert "the connection was lost" in told[0]
    assert "works again" in told[1]
    sink.close()


def test_frozen_broker_slows_nothing_and_is_left_behind_at_the_end(
    broker: Broker, subscriber: Subscriber, tmp_path: Path, told: list[str]
) -> None:
    sink = MqttSink(settings(broker, tmp_path, queue=10, frames=True), tell=told.append)
    sink.open(source())
    until(lambda: subscriber.at(AVAILABILITY))
    broker.send(signal.SIGSTOP)
    begun_s = time.monotonic()
    write(sink, count(), "fist", times=500)
    assert time.monotonic() - begun_s < 2.0
    assert sink.lost["broker away"] > 400
    begun_s = time.monotonic()
    sink.close()
    assert time.monotonic() - begun_s < 6.0
    broker.send(signal.SIGCONT)


def test_broker_that_answers_nothing_is_left_behind_and_what_it_misses_is_counted(told: list[str]) -> None:
    with socket.socket() as silent, socket.socket() as waiting:
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        waiting.connect(silent.getsockname())  # the queue is full now, and every other SYN is dropped
        sink = MqttSink(MqttSettings(type="mqtt", host="127.0.0.1", port=silent.getsockname()[1]), tell=told.append)
        sink.open(source())
        write(sink, count(), "fist", times=4)
        time.sleep(0.2)
        begun_s = time.monotonic()
        sink.close()
        assert time.monotonic() - begun_s < 3.5
        assert dict(sink.lost) == {"closed before it was sent": 1}


def test_machines_have_different_names_at_the_broker(tmp_path: Path) -> None:
    names = []
    for machine in ("1f", "2f"):
        (tmp_path / machine).write_text(machine, encoding="utf-8")
        names.append(client_id_of("hands", machine_id=tmp_path / machine))
    assert names[0] != names[1]
    assert client_id_of("hands", machine_id=tmp_path / "1f") == names[0]
    assert client_id_of("hands", machine_id=tmp_path / "none").startswith("edge-hands-")


def test_lost_node_is_offline_by_its_last_will(subscriber: Subscriber, sink: MqttSink) -> None:
    until(lambda: subscriber.at(AVAILABILITY))
    assert sink._client is not None
    connection = sink._client.socket()
    assert isinstance(connection, socket.socket)
    sink._client.reconnect_delay_set(60, 60)
    connection.shutdown(socket.SHUT_RDWR)
    until(lambda: subscriber.at(AVAILABILITY)[1:] == ["offline"])


def test_wrong_password_is_told_and_nothing_waits(broker: Broker, tmp_path: Path, told: list[str]) -> None:
    wrong = settings(broker, tmp_path)
    (tmp_path / "secret").write_text("wrong\n", encoding="utf-8")
    sink = MqttSink(wrong, tell=told.append)
    sink.open(source())
    until(lambda: told)
    assert "the broker refuses: Not authorized; check user and password" in told[0]
    begun_s = time.monotonic()
    sink.close()
    assert time.monotonic() - begun_s < 3.0
    (tmp_path / "secret").unlink()
    with pytest.raises(OutputError, match=r"password file .*secret cannot be read"):
        sink.open(source())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho leaves a refused socket open
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed: apt-get install openssl")
def test_certificate_of_the_broker_is_verified(tmp_path: Path, told: list[str]) -> None:
    certificate, key = tmp_path / "broker.pem", tmp_path / "broker.key"
    words = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {key} -out {certificate}"
    subprocess.run([*words.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    broker = Broker(tmp_path, certificate=(certificate, key))
    try:
        strict = MqttSink(settings(broker, tmp_path, tls=TlsSettings()), tell=told.append)
        strict.open(source())
        until(lambda: told)
        assert not strict._connected
        strict.close()
        trusting = MqttSink(settings(broker, tmp_path, tls=TlsSettings(ca_file=certificate)), tell=told.append)
        trusting.open(source())
        until(lambda: trusting._connected)
        trusting.close()
    finally:
        broker.kill()
    assert len(told) == 1
