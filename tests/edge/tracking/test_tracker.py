# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from edge.results import Hands, Labels
from edge.tracking import Tracker, TrackingSettings

FRAME_S = 1 / 30
SIZE_PX = (640, 480)
SIDE_PX = 80.0


def hands_at(*middles: tuple[float, float], ids: list[int] | None = None) -> Hands:
    """Return hands of `SIDE_PX` about these points."""
    boxes = [(x - SIDE_PX / 2, y - SIDE_PX / 2, x + SIDE_PX / 2, y + SIDE_PX / 2) for x, y in middles]
    track_ids = None if ids is None else np.array(ids, np.int64)
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return Hands(array, np.full(len(middles), 0.9, np.float32), track_ids=track_ids)


def ids_of(hands: Hands) -> list[int]:
    assert hands.track_ids is not None
    numbers: list[int] = hands.track_ids.tolist()
    return numbers


@pytest.mark.parametrize("frame_s", [1 / 60, 1 / 30, 1 / 10])
@pytest.mark.parametrize("seed", range(4))
def test_hands_keep_their_numbers_in_whatever_order_they_come(frame_s: float, seed: int) -> None:
    rng, tracker = np.random.default_rng(seed), Tracker()
    expected: list[int] | None = None
    for number in range(30):
        turn = 3 * number * frame_s
        middles = [(100 + 40 * np.sin(turn), 100.0), (320, 240 + 40 * np.cos(turn)), (540.0, 380 - 30 * turn % 1)]
        order = rng.permutation(3).tolist()
        given = ids_of(tracker.told(hands_at(*(middles[place] for place in order)), number * frame_s))
        told = [given[order.index(place)] for place in range(3)]
        expected = expected or told
        assert told == expected


def test_hands_that_pass_each_other_keep_their_numbers() -> None:
    tracker = Tracker()
    told = []
    for number in range(40):
        x = 100 + 11.0 * number
        told.append(ids_of(tracker.told(hands_at((x, 240), (640 - x, 240 + 0.6 * SIDE_PX)), number * FRAME_S)))
    assert len(set(map(tuple, told))) == 1


def test_a_hand_is_lost_by_time_and_its_number_not_used_again() -> None:
    settings = TrackingSettings(lose_after_s=0.3)
    for away_s, kept in ((0.2, True), (0.4, False)):
        tracker = Tracker(settings)
        (first,) = ids_of(tracker.told(hands_at((100, 100)), 0.0))
        assert ids_of(tracker.told(hands_at(), away_s / 2)) == []
        (second,) = ids_of(tracker.told(hands_at((100, 100)), away_s))
        assert (first == second) is kept


def test_trackers_that_share_numbers_have_none_in_common() -> None:
    numbers = itertools.count()
    trackers = [Tracker(numbers=numbers) for _ in range(3)]
    told = [number for tracker in trackers for number in ids_of(tracker.told(hands_at((90, 90), (400, 90)), 0.0))]
    assert len(set(told)) == 6


def test_the_forecast_goes_on_with_the_motion() -> None:
    tracker = Tracker(TrackingSettings(smooth_hz=None))
    for number in range(20):
        tracker.told(hands_at((100 + 12.0 * number, 200)), number * FRAME_S)
    predicted = tracker.forecast.hands_at(21 * FRAME_S, SIZE_PX)
    assert predicted is not None
    middle = (predicted.boxes_xyxy[0, 0] + predicted.boxes_xyxy[0, 2]) / 2
    assert middle == pytest.approx(100 + 12 * 21, abs=0.05 * SIDE_PX)


def test_the_box_of_a_hand_at_rest_does_not_move_at_all() -> None:
    rng, tracker = np.random.default_rng(0), Tracker()
    tracker.told(hands_at((200, 200)), 0.0)
    first = tracker.forecast.hands_at(FRAME_S, SIZE_PX)
    for number in range(1, 30):
        x, y = 200 + rng.normal(0, 1, 2)
        tracker.told(hands_at((x, y)), number * FRAME_S)
        now = tracker.forecast.hands_at((number + 1) * FRAME_S, SIZE_PX)
        assert first is not None
        assert now is not None
        np.testing.assert_array_equal(now.boxes_xyxy, first.boxes_xyxy)


def test_a_confirmed_hand_that_the_detector_misses_is_looked_for() -> None:
    tracker = Tracker(TrackingSettings(confirm_s=0.1))
    for number in range(10):
        tracker.told(hands_at((100, 100), (400, 300)), number * FRAME_S)
    found = tracker.forecast.with_missed(hands_at((400, 300)), 10 * FRAME_S, SIZE_PX, most_s=1.0)
    assert ids_of(found) == [-1, 0]
    late = tracker.forecast.with_missed(hands_at((400, 300)), 10 * FRAME_S + 2, SIZE_PX, most_s=1.0)
    assert len(late) == 1


def test_a_hand_that_is_not_there_any_more_does_not_hold() -> None:
    tracker = Tracker(TrackingSettings(confirm_s=0.1))
    for number in range(10):
        tracker.told(hands_at((100, 100), (400, 300)), number * FRAME_S)
    there = hands_at((100, 100), (400, 300), ids=[0, 1])
    for presence, holds in (((0.9, 0.9), True), ((0.9, 0.3), False)):
        seen = Hands(there.boxes_xyxy, there.scores, track_ids=there.track_ids, presence=np.array(presence, np.float32))
        assert tracker.forecast.holds(seen) is holds
    assert not tracker.forecast.holds(seen[:1])


def test_labels_are_voted_and_stand_while_no_model_tells_them() -> None:
    tracker = Tracker()
    names = ("fist", "palm")
    for number, label_id in enumerate((1, 1, 1, 0, 1)):
        hands = hands_at((100, 100))
        gestures = Labels(names, np.array([label_id]), np.array([0.8], np.float32))
        told = tracker.told(Hands(hands.boxes_xyxy, hands.scores, gestures=gestures), number * FRAME_S)
        assert told[0].names["gesture"] == "palm"
    resting = tracker.told(hands_at((100, 100), (500, 300)), 5 * FRAME_S)
    assert [hand.names["gesture"] for hand in resting] == ["palm", None]


def test_time_that_stands_or_jumps_back_does_no_harm() -> None:
    tracker = Tracker()
    for time_s in (0.0, 0.0, 5.0, 1.0, 1.0, 1.03):
        told = tracker.told(hands_at((100, 100)), time_s)
        assert np.isfinite(told.boxes_xyxy).all()
        predicted = tracker.forecast.hands_at(time_s + FRAME_S, SIZE_PX)
        assert predicted is not None
        np.testing.assert_allclose(predicted.boxes_xyxy[0], (60, 60, 140, 140), atol=1)


def test_a_hand_that_scores_little_above_the_least_score_is_told_once_it_is_sure() -> None:
    tracker = Tracker(TrackingSettings(sure_margin=0.1, sure_s=0.1), least_score=0.5)
    told = []
    for number in range(90):
        score = 0.52 if number < 30 else 0.7 if number < 60 else 0.52
        hands = replace(hands_at((100, 100)), scores=np.full(1, score, np.float32))
        told.append(len(tracker.told(hands, number * FRAME_S)))
    assert told[:30] == [0] * 30
    assert told[35:60] == [1] * 25
    assert told[-10:] == [0] * 10
