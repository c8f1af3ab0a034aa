# SPDX-License-Identifier: Apache-2.0
"""Whether two lanes give the same answers to a real picture."""

from __future__ import annotations

import numpy as np

from edge.bundle.bundle import Bundle
from edge.errors import ModelError
from edge.frame import Frame
from edge.pipeline.conveyor import Captured
from edge.pipeline.lane import Lane
from edge.results import Hands
from edge.tasks.picture import frame_from_picture
from edge.tasks.self_test import SURE_SCORE, picture_from_png

BOX_PX = KEYPOINT_PX = 0.5
"""How far a side of a box and a keypoint may lie from where the processor has them, in pixels of the picture."""
SCORE = 0.02
"""How much a score may differ: float16 has three digits."""
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
    for number, (hand, wanted) in enumerate(zip(given, expected, strict=True)):
        apart_px = float(np.abs(hand.box_xyxy - wanted.box_xyxy).max())
        if apart_px > BOX_PX:
            return f"the box of hand {number} is {apart_px:.2f} px off"
        if abs(hand.score - wanted.score) > SCORE:
            return f"the score of hand {number} is {hand.score:.3f} instead of {wanted.score:.3f}"
        if hand.names != wanted.names:
            return f"hand {number} is {hand.names} instead of {wanted.names}"
        if hand.keypoints is not None and wanted.keypoints is not None:
            sure = wanted.keypoints[:, 2] >= SURE_SCORE
            apart = np.abs(hand.keypoints[sure, :2] - wanted.keypoints[sure, :2])
            if apart.size and apart.max() > KEYPOINT_PX:
                return f"a keypoint of hand {number} is {apart.max():.2f} px off"
        elif (hand.keypoints is None) != (wanted.keypoints is None):
            return f"only one of both has keypoints of hand {number}"
    return None
