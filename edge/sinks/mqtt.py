# SPDX-License-Identifier: Apache-2.0
"""Results at an MQTT broker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import edge
from edge.config.sink_settings import MqttSettings
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.gesture_events import GestureEvents
from edge.sinks.label import label_of
from edge.sinks.mqtt_client import client_from_settings
from edge.sinks.mqtt_messages import LIVE, OFFLINE, ONLINE, REFRESH_S, Message, Messages
from edge.sinks.outbox import Outbox
from edge.sinks.sink import Sink
from edge.sinks.trouble import Trouble, tell_by_warning
from edge.sources.source import Source

if TYPE_CHECKING:
    from paho.mqtt.client import Client

MOST_UNDERWAY = 20
"""Messages that the broker has yet to acknowledge; the others wait where the oldest can be dropped."""

FAREWELL_S = 2.0


class MqttSink(Sink):
    """Publishes events, states and statuses; a broker that is away, slow or back is no matter of any frame.

    Events of gestures happen once, states and statuses are retained. Each connection says again that this node is
    online, what can be discovered, and every state; the broker itself says `offline` when the connection is lost.

    Raises:
        OutputError: from `open`, a secret or a certificate cannot be read.
        DependencyError: from `open`, paho-mqtt is not installed.
    """

    def __init__(self, settings: MqttSettings, *, tell: Callable[[str], None] = tell_by_warning) -> None:
        self.name = f"MQTT broker {settings.host}:{settings.effective_port}"
        self._settings = settings
        self._trouble = Trouble(self.name, tell, also=lambda: self._outbox.dropped)
        self._outbox = Outbox(settings.queue)
        self._events: dict[str, GestureEvents] = {}
        self._statuses: dict[str, str] = {}
        self._told: dict[str, tuple[Message, float]] = {}
        self._wake = threading.Event()
        self._connected = self._closing = self._announce = False
        self._published = self._acknowledged = 0
        self._client: Client | None = None
        self._messages = Messages(settings, version=edge.__version__)
        self._pump: threading.Thread | None = None

    @property
    def lost(self) -> Mapping[str, int]:
        """Events that were dropped while the broker was away, or never sent."""
        dropped = {"broker away": self._outbox.dropped} if self._outbox.dropped else {}
        return {**dropped, **self._trouble.lost}

    def open(self, source: Source) -> None:
        """Begin to connect, without waiting for it. Raises `OutputError` or `DependencyError`."""
        self.open_all([source])

    def open_all(self, sources: Sequence[Source]) -> None:
        """Likewise, for several sources."""
        self._closing = self._connected = False
        client = client_from_settings(
            self._settings, name=self.name, will_topic=self._messages.availability_topic, most_underway=MOST_UNDERWAY
        )
        self._client = self._listened_to(client)
        for source in sources:
            self.note_status(source.name, "opening")
        client.connect_async(self._settings.host, self._settings.effective_port, self._settings.keepalive_s)
        client.loop_start()
        self._pump = threading.Thread(target=self._serve, args=(client,), name=self.name, daemon=True)
        self._pump.start()

    def write(self, frame: Frame, result: FrameResult) -> None:  # noqa: ARG002 - part of every sink's shape
        """Queue what a result tells."""
        source = label_of(result.source)
        if self._statuses.get(source) != LIVE:
            self.note_status(result.source, LIVE)
        events = self._events.setdefault(source, GestureEvents())
        for event in events.update(result):
            self._outbox.put(self._messages.event(source, {**event.to_dict(), "source": source}))
        if self._settings.frames:
            self._outbox.put(self._messages.frame(source, result.to_json()))
        self._put_state(source, self._messages.state(source, hands=len(result.hands), gestures=events.active))
        self._wake.set()

    def note_status(self, source: str, state: str) -> None:
        """Tell what a source is doing; its first status also makes it known to Home Assistant."""
        label = label_of(source)
        if label not in self._statuses:
            for message in self._messages.discovery(label):
                self._outbox.put(message)
        self._statuses[label] = state
        for message in self._messages.status(label, state):
            self._outbox.put(message)
        self._wake.set()

    def close(self) -> None:
        """Send what is queued, if the broker takes it within two seconds, and say that this node is offline."""
        client, pump = self._client, self._pump
        if client is None or pump is None:
            return
        for source in list(self._statuses):
            self.note_status(source, "ended")
        self._closing = True
        self._wake.set()
        pump.join(FAREWELL_S + 1)
        if self._connected:
            farewell = client.publish(self._messages.availability_topic, OFFLINE, qos=1, retain=True)
            self._wait(farewell.is_published, FAREWELL_S)
        client.disconnect()
        # It may be waiting for an answer to its connection, for longer than anybody wants to wait here.
        ending = threading.Thread(target=client.loop_stop, name=self.name, daemon=True)
        ending.start()
        ending.join(FAREWELL_S)
        if unsent := self._outbox.take_back():
            self._trouble.lose("closed before it was sent", unsent)
        self._client = self._pump = None

    def _put_state(self, source: str, message: Message) -> None:
        """Queue a state that changed, not too often, or that was not repeated for long."""
        now_s = time.monotonic()
        before, told_s = self._told.get(source, (None, 0.0))
        changed = message != before and now_s - told_s >= self._settings.interval_s
        if before is None or changed or now_s - told_s >= REFRESH_S:
            self._told[source] = (message, now_s)
            self._outbox.put(message)

    def _listened_to(self, client: Client) -> Client:
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    # The next five are called by paho's thread, which holds locks of its own: they set flags and nothing else.
    def _on_connect(self, client: Client, _data: object, _flags: object, reason: Any, _more: object) -> None:  # noqa: ANN401
        if reason.is_failure:
            self._trouble.begin("refused", f"the broker refuses: {reason}; check user and password")
            return
        if self._settings.discovery is not None:
            client.subscribe(f"{self._settings.discovery}/status", qos=1)
        self._connected = self._announce = True
        self._trouble.end()
        self._wake.set()

    def _on_connect_fail(self, _client: Client, _data: object) -> None:
        self._trouble.begin("away", "cannot be reached; events wait, and it is tried again")

    def _on_disconnect(self, _client: Client, _data: object, _flags: object, reason: Any, _more: object) -> None:  # noqa: ANN401
        if self._connected and not self._closing:
            self._trouble.begin("away", f"the connection was lost ({reason}); events wait, and it is tried again")
        self._connected = False

    def _on_publish(self, *_: object) -> None:
        self._acknowledged += 1
        self._wake.set()

    def _on_message(self, _client: Client, _data: object, message: Any) -> None:  # noqa: ANN401
        if message.payload == ONLINE.encode():
            self._announce = True
            self._wake.set()

    def _serve(self, client: Client) -> None:
        refresh_s = time.monotonic() + REFRESH_S
        end_s = None
        while True:
            self._wake.wait(0.2 if self._closing else 1.0)
            self._wake.clear()
            now_s = time.monotonic()
            if now_s >= refresh_s:
                refresh_s = now_s + REFRESH_S
                for source, state in list(self._statuses.items()):
                    self.note_status(source, state)
            self._send(client)
            if self._closing:
                end_s = end_s or now_s + FAREWELL_S
                done = not len(self._outbox) and self._published == self._acknowledged
                if done or not self._connected or now_s >= end_s:
                    return

    def _send(self, client: Client) -> None:
        if self._connected and self._announce:
            self._announce = False
            self._outbox.send_retained_again()
            self._publish(client, Message(self._messages.availability_topic, ONLINE, retained=True))
        while self._connected and self._published - self._acknowledged < MOST_UNDERWAY:
            message = self._outbox.take()
            if message is None:
                return
            self._publish(client, message)

    def _publish(self, client: Client, message: Message) -> None:
        self._published += 1
        client.publish(message.topic, message.payload, qos=1, retain=message.retained)

    @staticmethod
    def _wait(condition: Callable[[], bool], limit_s: float) -> None:
        end_s = time.monotonic() + limit_s
        while not condition() and time.monotonic() < end_s:
            time.sleep(0.01)
