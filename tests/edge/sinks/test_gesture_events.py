# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.sinks.gesture_events import MOST_HELD, GestureEvents
from tests.edge.sinks.results import NAMES, result


def told(*frames: tuple[str, ...], tracks: tuple[int, ...] | None = None) -> list[tuple[int, str, str, int | None]]:
    events = GestureEvents()
    return [
        (number, event.event, event.gesture, event.track_id)
        for number, gestures in enumerate(frames)
        for event in events.update(result(number, *gestures, tracks=tracks and tracks[: len(gestures)]))
    ]


def test_a_gesture_starts_with_its_third_result_and_ends_when_it_is_gone() -> None:
    seen = [("fist",)] * 4 + [()] * 6
    assert told(*seen) == [(2, "started", "fist", None), (8, "ended", "fist", None)]


def test_one_wrong_result_changes_nothing() -> None:
    assert told(*[("fist",)] * 3, ("palm",), *[("fist",)] * 3) == [(2, "started", "fist", None)]


def test_no_gesture_is_none() -> None:
    assert told(*[("no_gesture",)] * 5) == []


def test_hands_that_are_tracked_have_events_of_their_own() -> None:
    events = told(*[("fist", "fist")] * 3, tracks=(7, 9))
    assert events == [(2, "started", "fist", 7), (2, "started", "fist", 9)]


@given(st.lists(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 500)), max_size=8), max_size=60))
def test_every_end_has_its_start_and_memory_is_bounded(frames: list[list[tuple[str, int]]]) -> None:
    events = GestureEvents()
    going: set[tuple[str, int | None]] = set()
    for number, hands in enumerate(frames):
        tracks = [track for _, track in hands]
        for event in events.update(result(number, *(name for name, _ in hands), tracks=tracks)):
            key = (event.gesture, event.track_id)
            assert (key in going) == (event.event == "ended")
            going ^= {key}
        assert set(events.active) == {gesture for gesture, _ in going}
        assert len(events._held) <= MOST_HELD
