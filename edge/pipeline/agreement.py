# SPDX-License-Identifier: Apache-2.0
"""Whether two lanes give the same answers to a real picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edge.bundle.bundle import Bundle
from edge.errors import ModelError
from edge.frame import Frame
from edge.geometry import iou_matrix
from edge.masks import Mask
from edge.pipeline.conveyor import Captured
from edge.pipeline.lane import Lane
from edge.results import Hand, Hands
from edge.tasks.picture import frame_from_picture
from edge.tasks.self_test import SURE_SCORE, picture_from_png

BOX_PX = KEYPOINT_PX = 0.5
"""How far a side of a box and a keypoint may lie from where the processor has them, in pixels of the picture."""
SCORE = 0.02
"""How much a score may differ: float16 has three digits."""
MASK_IOU = 0.99
"""How much of the pixels in either of two masks must be in both."""
RUNS = 3
"""The first run is as it is, the second is captured, the third is replayed."""


def require_agreement(lane: Lane, reference: Lane, detector: Bundle) -> None:
    """Raise `ModelError` unless `lane` answers as `reference` does to the picture that `detector` is tested with."""
    name = detector.manifest.self_test.picture
    frame = frame_from_picture(picture_from_png(detector.read_file(name), origin=name))
    expected = hands_in(frame, reference)
    for _ in range(RUNS):
        told = difference(hands_in(frame, lane), expected)
        if told is not None:
            raise ModelError(f"the GPU does not answer as the processor does: {told}; build the engines again")


def hands_in(frame: Frame, lane: Lane) -> Hands:
    """Return what `lane` finds in a frame. Raises `ModelError`."""
    return lane.result(Captured(0, frame, 0.0, 0.0)).hands


def difference(given: Hands, expected: Hands) -> str | None:
    """Return what is different beyond the tolerances of this module, None where nothing is."""
    if len(given) != len(expected):
        return f"{len(given)} hands instead of {len(expected)}"
    told = (_of_hand(number, given[row], expected[number]) for number, row in enumerate(_rows_of(expected, given)))
    return next((difference for difference in told if difference is not None), None)


def _rows_of(expected: Hands, given: Hands) -> Iterator[int]:
    """Yield the row in `given` of each expected hand, by their boxes: two of nearly the same score may swap ranks."""
    overlaps = iou_matrix(expected.boxes_xyxy, given.boxes_xyxy)
    for of_hand in overlaps:
        row = int(of_hand.argmax())
        overlaps[:, row] = -1
        yield row


def _of_hand(number: int, hand: Hand, wanted: Hand) -> str | None:
    box_px = float(np.abs(hand.box_xyxy - wanted.box_xyxy).max())
    if box_px > BOX_PX:
        return f"the box of hand {number} is {box_px:.2f} px off"
    if abs(hand.score - wanted.score) > SCORE:
        return f"the score of hand {number} is {hand.score:.3f} instead of {wanted.score:.3f}"
    if hand.names != wanted.names:
        return f"hand {number} is {hand.names} instead of {wanted.names}"
    keypoint_px = _farthest_px(hand.keypoints, wanted.keypoints)
    if keypoint_px > KEYPOINT_PX:
        return f"a keypoint of hand {number} is {keypoint_px:.2f} px off"
    iou = _mask_iou(hand.mask, wanted.mask)
    return None if iou >= MASK_IOU else f"the mask of hand {number} has an IoU of {iou:.3f}"


def _farthest_px(given: NDArray[np.float32] | None, expected: NDArray[np.float32] | None) -> float:
    """Return how far the keypoints that are sure lie from where they should, in pixels."""
    if given is None or expected is None:
        return 0.0 if given is expected else np.inf
    sure = expected[:, 2] >= SURE_SCORE
    return float(np.abs(given[sure, :2] - expected[sure, :2]).max(initial=0.0))


def _mask_iou(given: Mask | None, expected: Mask | None) -> float:
    """Return the IoU of two masks; 1 where neither has a pixel."""
    if given is None or expected is None:
        return float(given is expected)
    ends_xy = [mask.picture_from_grid @ (*reversed(mask.logits.shape), 1) for mask in (given, expected)]
    width_px, height_px = np.ceil(np.max(ends_xy, axis=0)).clip(1).astype(int).tolist()
    one, other = given.pixels(width_px, height_px), expected.pixels(width_px, height_px)
    either = np.count_nonzero(one | other)
    return np.count_nonzero(one & other) / either if either else 1.0
