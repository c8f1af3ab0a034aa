# SPDX-License-Identifier: Apache-2.0
"""What is said over MQTT: topics, versioned payloads, and Home Assistant's discovery."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge.config.sink_settings import MqttSettings

STATE_SCHEMA, STATUS_SCHEMA = "edge.state/1", "edge.status/1"
ONLINE, OFFLINE = "online", "offline"
LIVE = "live"

REFRESH_S = 30.0
EXPIRE_AFTER_S = 4 * REFRESH_S
"""Home Assistant takes a state for unknown when it was not repeated for so long."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; a retained one is what a topic is at, any other happens once."""

    topic: str
    payload: str
    retained: bool


class Messages:
    """The topics of one node, `prefix/node/...`."""

    def __init__(self, settings: MqttSettings, *, version: str) -> None:
        self._node, self._discovery, self._version = settings.node, settings.discovery, version
        self.root = f"{settings.prefix}/{settings.node}"
        self.availability_topic = f"{self.root}/availability"

    def event(self, source: str, event: dict[str, Any]) -> Message:
        """A gesture that started or ended."""
        return Message(f"{self.root}/{source}/event", _json(event), retained=False)

    def frame(self, source: str, line: str) -> Message:
        """A whole result."""
        return Message(f"{self.root}/{source}/frame", line, retained=False)

    def state(self, source: str, *, hands: int, gestures: list[str]) -> Message:
        """How many hands there are, and the gestures that are made."""
        told = {"schema": STATE_SCHEMA, "hands": hands, "gesture": gestures[0] if gestures else "none"}
        return Message(f"{self.root}/{source}/state", _json({**told, "gestures": gestures}), retained=True)

    def status(self, source: str, state: str) -> list[Message]:
        """What a source is doing, in one word, and whether frames come."""
        told = _json({"schema": STATUS_SCHEMA, "state": state})
        return [
            Message(f"{self.root}/{source}/status", told, retained=True),
            Message(f"{self.root}/{source}/availability", ONLINE if state == LIVE else OFFLINE, retained=True),
        ]

    def discovery(self, source: str) -> Iterator[Message]:
        """What Home Assistant needs to know of the sensors of a source."""
        if self._discovery is None:
            return
        for what, fields in _SENSORS.items():
            topic = "status" if what == "status" else "state"
            places = [self.availability_topic, *([] if what == "status" else [f"{self.root}/{source}/availability"])]
            unique = f"{self._node}_{source}_{what}".replace(".", "_")
            told = {
                **fields,
                "name": f"{source} {what}",
                "unique_id": f"edge_{unique}",
                "state_topic": f"{self.root}/{source}/{topic}",
                "availability": [{"topic": place} for place in places],
                "availability_mode": "all",
                "expire_after": int(EXPIRE_AFTER_S),
                "device": {
                    "identifiers": [f"edge_{self._node}"],
                    "name": self._node,
                    "manufacturer": "edge-hands",
                    "sw_version": self._version,
                },
                "origin": {"name": "edge-hands", "sw_version": self._version},
            }
            yield Message(f"{self._discovery}/sensor/{unique}/config", _json(told), retained=True)


_SENSORS: dict[str, dict[str, Any]] = {
    "gesture": {
        "value_template": "{{ value_json.gesture }}",
        "icon": "mdi:hand-wave",
    },
    "hands": {
        "value_template": "{{ value_json.hands }}",
        "state_class": "measurement",
        "icon": "mdi:hand-back-right",
    },
    "status": {
        "value_template": "{{ value_json.state }}",
        "entity_category": "diagnostic",
        "icon": "mdi:cctv",
    },
}


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)
