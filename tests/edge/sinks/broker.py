# SPDX-License-Identifier: Apache-2.0
"""A real mosquitto on a port of its own, and a subscriber that keeps what it hears."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.conftest import CI

USER, PASSWORD = "edge", "pass word#1"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], object], limit_s: float = 20.0) -> None:
    """Wait until something is so, and fail when it does not come to be."""
    deadline_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline_s:
            pytest.fail(f"it did not happen within {limit_s:g} s")
        time.sleep(0.01)


class Broker:
    """mosquitto, to be started, killed and frozen; it asks for a password, and for TLS where it has a certificate."""

    def __init__(self, folder: Path, *, certificate: tuple[Path, Path] | None = None) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            (pytest.fail if CI else pytest.skip)("mosquitto is not installed: apt-get install mosquitto")
        assert program is not None
        self.port = free_port()
        passwords, config = folder / "passwords", folder / "mosquitto.conf"
        passwords.touch(mode=0o600)
        subprocess.run(["mosquitto_passwd", "-b", passwords, USER, PASSWORD], check=True, capture_output=True)
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous false", f"password_file {passwords}"]
        # As root it would become another user, who cannot read the folder.
        lines += ["persistence false", *(["user root"] if os.geteuid() == 0 else [])]
        if certificate is not None:
            lines += [f"certfile {certificate[0]}", f"keyfile {certificate[1]}"]
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self._command = [program, "-c", str(config)]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._listens)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Subscriber:
    """Hears all topics, as any other client would; it stays away from a broker that is away."""

    def __init__(self, broker: Broker) -> None:
        self.heard: list[tuple[str, str, bool]] = []
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(USER, PASSWORD)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        until(self._client.is_connected)

    def at(self, topic: str) -> list[str]:
        """Return the payloads of a topic, in their order."""
        return [payload for name, payload, _ in self.heard if name == topic]

    def json_at(self, topic: str) -> list[dict[str, Any]]:
        """Return the payloads of a topic as objects."""
        return [json.loads(payload) for payload in self.at(topic)]

    def say(self, topic: str, payload: str) -> None:
        """Publish something."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(5)

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, message.payload.decode(), message.retain))
