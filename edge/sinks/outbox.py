# SPDX-License-Identifier: Apache-2.0
"""Messages on their way to a broker that may be away."""

from __future__ import annotations

import threading
from collections import deque

from edge.sinks.mqtt_messages import Message


class Outbox:
    """What is yet to be sent, bounded: of a retained topic the newest message, of others the newest `capacity`.

    Attributes:
        dropped: messages that were pushed out by newer ones.
    """

    def __init__(self, capacity: int) -> None:
        self.dropped = 0
        self._capacity = capacity
        self._lock = threading.Lock()
        self._retained: dict[str, Message] = {}
        self._unsent: dict[str, Message] = {}
        self._once: deque[Message] = deque()

    def put(self, message: Message) -> None:
        """Add a message, for the oldest one where there is no room."""
        with self._lock:
            if message.retained:
                self._retained[message.topic] = self._unsent[message.topic] = message
                return
            if len(self._once) == self._capacity:
                self._once.popleft()
                self.dropped += 1
            self._once.append(message)

    def take(self) -> Message | None:
        """Return the next message: retained ones first, others in their order; None when there is none."""
        with self._lock:
            if self._unsent:
                return self._unsent.pop(next(iter(self._unsent)))
            return self._once.popleft() if self._once else None

    def send_retained_again(self) -> None:
        """Put every retained message back: a broker may have forgotten them."""
        with self._lock:
            self._unsent = dict(self._retained)

    def take_back(self) -> int:
        """Give up the messages that are not retained; return how many those were."""
        with self._lock:
            unsent = len(self._once)
            self._once.clear()
            return unsent

    def __len__(self) -> int:
        with self._lock:
            return len(self._unsent) + len(self._once)
