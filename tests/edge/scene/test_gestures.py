# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from edge.scene.gestures import GESTURE_NAMES, GESTURES, random_gesture
from edge.scene.skeleton import FloatArray, mean_shape, posed, random_shape
from tests.edge.scene.posing import drawn, posed_hand

HAGRID_V1 = (
    "call", "dislike", "fist", "four", "like", "mute", "ok", "one", "palm", "peace", "peace_inverted", "rock", "stop",
    "stop_inverted", "three", "three2", "two_up", "two_up_inverted",
)  # fmt: skip
FRONTAL = [name for name, known in GESTURES.items() if known.view.yaw_deg in (0, 180) and known.view.roll_deg == 0]


def stretched(joints: FloatArray) -> tuple[bool, ...]:
    """Tell for thumb to pinky whether it reaches out, from joints (21, 2) or (21, 3) alone."""
    wrist, pinky_root = joints[0], joints[17]
    palm = float(np.linalg.norm(joints[9] - wrist))
    chains = joints[1:].reshape(5, 4, -1)
    thumb = bool(np.linalg.norm(chains[0, 3] - pinky_root) > 1.05 * palm)
    # A finger that is stretched ends further from the wrist than its middle joint; a curled one comes back.
    reach = np.linalg.norm(chains[1:] - wrist, axis=2)
    return (thumb, *(bool(tip > 1.12 * joint) for joint, tip in reach[:, [1, 3]]))


def test_the_gestures_are_those_of_hagrid_and_none() -> None:
    assert (*HAGRID_V1, "no_gesture") == GESTURE_NAMES


@pytest.mark.parametrize("name", [name for name in HAGRID_V1 if name not in ("ok", "stop", "stop_inverted")])
def test_every_gesture_stretches_its_fingers_and_no_other(name: str) -> None:
    for seed in range(12):
        rng = np.random.default_rng([seed, 4])
        joints = posed(random_shape(rng), random_gesture(rng, name).angles_deg).joints_mm
        assert stretched(joints) == GESTURES[name].extended, (name, seed)


@pytest.mark.parametrize("name", ["stop", "stop_inverted"])
def test_a_stopping_hand_has_its_fingers_together(name: str) -> None:
    tips = posed(mean_shape(), GESTURES[name].angles_deg).joints_mm[[8, 12, 16, 20]]
    spread = posed(mean_shape(), GESTURES["palm"].angles_deg).joints_mm[[8, 12, 16, 20]]
    assert stretched(posed(mean_shape(), GESTURES[name].angles_deg).joints_mm)[1:] == (True,) * 4
    assert np.linalg.norm(tips[0] - tips[3]) < 0.75 * np.linalg.norm(spread[0] - spread[3])


def test_ok_is_a_ring_of_thumb_and_index() -> None:
    for seed in range(12):
        rng = np.random.default_rng([seed, 5])
        joints = posed(mean_shape(), random_gesture(rng, "ok").angles_deg).joints_mm
        assert np.linalg.norm(joints[4] - joints[8]) < 22
        assert stretched(joints)[2:] == (True, True, True)


@pytest.mark.parametrize("name", FRONTAL)
def test_keypoints_in_the_picture_show_the_gesture(name: str) -> None:
    points = drawn(posed_hand(name)).truth.keypoints_xy[0].astype(np.float64)
    assert stretched(points)[1:] == GESTURES[name].extended[1:]


@pytest.mark.parametrize(("name", "side"), [("peace", 1), ("peace_inverted", -1), ("palm", 1), ("stop_inverted", -1)])
def test_inverted_gestures_show_the_back_of_the_hand(name: str, side: int) -> None:
    points = drawn(posed_hand(name, "right")).truth.keypoints_xy[0]
    # The knuckles of a right hand go from pinky to index, left to right, when its palm faces the camera.
    assert np.sign(points[5, 0] - points[17, 0]) == side


def test_thumbs_point_up_for_like_and_down_for_dislike() -> None:
    like, dislike = (drawn(posed_hand(name)).truth.keypoints_xy[0] for name in ("like", "dislike"))
    assert like[4, 1] == like[:, 1].min()
    assert dislike[4, 1] == dislike[:, 1].max()


def test_an_unknown_gesture_lists_the_choices() -> None:
    with pytest.raises(ValueError, match=r"one of call, dislike.*got 'wave'"):
        random_gesture(np.random.default_rng(0), "wave")
