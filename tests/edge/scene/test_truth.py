# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from edge.scene import SceneTruth, render_hand_sample
from edge.scene.gestures import GESTURES
from edge.scene.skeleton import HAND_LENGTH_MM
from tests.edge.scene.posing import LENS, SIDE_PX, drawn, posed_hand

# Rays of mirrored pixels differ in the last bits, which decides a pixel on an edge here and there.
MIRRORED_MASK_IOU = 0.99
MIRRORED_KEYPOINTS_PX = 1e-3
# A joint lies inside the flesh: its pixel, or one right beside it, shows the hand.
JOINT_REACH_PX = 3
# A hand ends just past the joint of its wrist: six millimetres, a pixel each here, and a little for perspective.
ARM_SHOWN_PX = 10


def mask(truth: SceneTruth, hand: int = 0) -> npt.NDArray[np.bool_]:
    return np.asarray(truth.instance_ids == hand + 1)


@pytest.mark.parametrize("gesture", list(GESTURES))
def test_boxes_are_tight_around_the_visible_pixels(gesture: str) -> None:
    truth = drawn(posed_hand(gesture)).truth
    rows, columns = np.nonzero(mask(truth))
    expected = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert truth.boxes_xyxy[0].tolist() == expected


@pytest.mark.parametrize("gesture", list(GESTURES))
def test_visible_keypoints_lie_on_the_hand(gesture: str) -> None:
    truth = drawn(posed_hand(gesture)).truth
    near = cv2.dilate(mask(truth).astype(np.uint8), np.ones((2 * JOINT_REACH_PX + 1,) * 2, np.uint8))
    columns, rows = np.floor(truth.keypoints_xy[0][truth.keypoints_visible[0]]).astype(int).T
    assert near[rows, columns].all()
    assert truth.keypoints_visible[0].sum() >= 8


def test_every_keypoint_of_an_open_hand_is_visible() -> None:
    assert drawn(posed_hand("palm")).truth.keypoints_visible.all()


def test_a_fist_hides_its_fingertips() -> None:
    assert not drawn(posed_hand("fist")).truth.keypoints_visible[0, [12, 16, 20]].any()


@pytest.mark.parametrize("gesture", ["palm", "peace", "like", "fist"])
def test_a_left_hand_is_a_mirrored_right_hand(gesture: str) -> None:
    right, left = (drawn(posed_hand(gesture, side)).truth for side in ("right", "left"))
    flipped = left.keypoints_xy[0] * [-1, 1] + [SIDE_PX, 0]
    assert np.abs(flipped - right.keypoints_xy[0]).max() < MIRRORED_KEYPOINTS_PX
    a, b = mask(right), mask(left)[:, ::-1]
    assert (a & b).sum() / (a | b).sum() > MIRRORED_MASK_IOU
    assert (right.handedness, left.handedness) == (("right",), ("left",))


def test_thumb_of_a_right_palm_points_to_the_pictures_right() -> None:
    points = drawn(posed_hand("palm", "right")).truth.keypoints_xy[0]
    assert points[4, 0] > points[0, 0] > points[20, 0]


def test_the_mask_ends_at_the_wrist() -> None:
    frame = drawn(posed_hand("palm"))
    wrist_row = frame.truth.keypoints_xy[0, 0, 1]
    rows = np.nonzero(mask(frame.truth))[0]
    arm_below = frame.bgr[int(wrist_row) + 25, SIDE_PX // 2]
    assert rows.max() < wrist_row + ARM_SHOWN_PX
    assert not np.array_equal(arm_below, [128, 128, 128]), "there is a forearm, and it is not in the mask"


def test_the_mask_is_as_large_as_a_hand_of_its_length() -> None:
    truth = drawn(posed_hand("stop")).truth
    length_px = HAND_LENGTH_MM * LENS.focal_px / 400
    height = truth.boxes_xyxy[0, 3] - truth.boxes_xyxy[0, 1]
    assert height == pytest.approx(length_px, rel=0.12)


def test_the_nearer_hand_hides_the_other() -> None:
    far, near = posed_hand("palm", centre_mm=(0, 0, 600)), posed_hand("fist", centre_mm=(0, 0, 400))
    alone = drawn(far).truth
    for order in ([far, near], [near, far]):
        truth = drawn(*order).truth
        back, front = order.index(far), order.index(near)
        assert mask(truth, back).sum() < mask(alone).sum()
        assert truth.keypoints_visible[back].sum() < alone.keypoints_visible.sum()
        assert np.array_equal(mask(truth, front), mask(drawn(near).truth))


def test_a_hand_wholly_hidden_is_left_out() -> None:
    hidden, front = posed_hand("fist", centre_mm=(0, 0, 3000)), posed_hand("stop", centre_mm=(0, 0, 300))
    truth = drawn(hidden, front).truth
    assert truth.gestures == ("stop",)
    assert set(np.unique(truth.instance_ids)) == {0, 1}


def test_a_hand_cut_by_the_border_keeps_its_box_inside() -> None:
    truth = drawn(posed_hand("palm", centre_mm=(150, 0, 400))).truth
    assert truth.boxes_xyxy[0, 2] == SIDE_PX
    outside = truth.keypoints_xy[0, :, 0] >= SIDE_PX
    assert outside.any()
    assert not truth.keypoints_visible[0, outside].any()


def test_a_hand_outside_is_no_hand() -> None:
    assert len(drawn(posed_hand(centre_mm=(900, 0, 400))).truth) == 0


@pytest.mark.parametrize("seed", range(4))
def test_samples_are_as_exact(seed: int) -> None:
    truth = render_hand_sample(np.random.default_rng(seed), 200, 150, 3).truth
    for hand, box in enumerate(truth.boxes_xyxy):
        rows, columns = np.nonzero(mask(truth, hand))
        assert box.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert truth.instance_ids.max(initial=0) == len(truth)


def test_palms_of_dark_hands_are_lighter_than_their_backs() -> None:
    palm, back = (drawn(posed_hand(name, tone=1.0)) for name in ("stop", "stop_inverted"))
    light = [frame.bgr[mask(frame.truth)].mean() for frame in (palm, back)]
    assert light[0] > 1.3 * light[1]


def test_skin_goes_from_very_light_to_very_dark() -> None:
    light = [drawn(posed_hand("palm", tone=tone)) for tone in (0.0, 0.5, 1.0)]
    means = [frame.bgr[mask(frame.truth)].mean() for frame in light]
    assert means[0] > means[1] + 15
    assert means[1] > means[2] + 15


def test_truth_with_shapes_that_disagree_is_refused() -> None:
    good = drawn(posed_hand()).truth
    with pytest.raises(ValueError, match="truth of 2 hands needs"):
        SceneTruth(
            good.boxes_xyxy, good.keypoints_xy, good.keypoints_visible, good.instance_ids, ("a", "b"), ("left", "left")
        )
