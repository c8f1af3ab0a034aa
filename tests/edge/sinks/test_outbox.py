# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from edge.sinks.mqtt_messages import Message
from edge.sinks.outbox import Outbox


def once(number: int) -> Message:
    return Message("event", str(number), retained=False)


def taken(outbox: Outbox) -> list[str]:
    payloads = []
    while (message := outbox.take()) is not None:
        payloads.append(message.payload)
    return payloads


def test_oldest_events_give_way_and_are_counted() -> None:
    outbox = Outbox(3)
    for number in range(10):
        outbox.put(once(number))
    assert (taken(outbox), outbox.dropped, len(outbox)) == (["7", "8", "9"], 7, 0)


def test_of_a_state_the_newest_is_sent_and_all_of_them_again_when_asked() -> None:
    outbox = Outbox(3)
    for state in ("a", "b"):
        outbox.put(Message("state", state, retained=True))
    outbox.put(once(1))
    outbox.put(Message("status", "live", retained=True))
    assert taken(outbox) == ["b", "live", "1"]
    outbox.send_retained_again()
    assert taken(outbox) == ["b", "live"]
    assert outbox.dropped == 0
