# SPDX-License-Identifier: Apache-2.0
"""A hand in a known place, drawn before a plain wall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.scene import SceneFrame
from edge.scene.appearance import Lamp, random_look
from edge.scene.arm import Arm
from edge.scene.flesh import Handedness, HandPose
from edge.scene.gestures import GESTURES
from edge.scene.painter import PaintedHand, backdrop_from_picture, painted
from edge.scene.skeleton import mean_shape
from edge.scene.truth import Lens

SIDE_PX = 320
LENS = Lens(400.0, SIDE_PX / 2, SIDE_PX / 2)
# From straight before the hand, so that light does not tell left from right.
LAMP = Lamp(
    direction=np.array([0.0, -0.6, -0.8]),
    colour=np.array([0.8, 0.8, 0.8]),
    sky=np.array([0.3, 0.3, 0.3]),
    ground=np.array([0.2, 0.2, 0.2]),
    fill=np.array([0.1, 0.1, 0.1]),
)


def posed_hand(
    gesture: str = "palm",
    handedness: Handedness = "right",
    *,
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 400.0),
    tone: float = 0.3,
) -> PaintedHand:
    """Return the mean hand in the usual view of a gesture, its arm straight."""
    known = GESTURES[gesture]
    view = known.view
    pose = HandPose(
        known.angles_deg, view.yaw_deg, view.pitch_deg, view.roll_deg, np.array(centre_mm, np.float64), handedness
    )
    shape = mean_shape()
    along = -pose.view()[:, 1]
    elbow = pose.wrist_mm(shape) + along * 255
    arm = Arm(elbow, elbow + along * 290, cuff_mm=300.0, looseness=1.0)
    look = replace(random_look(np.random.default_rng(0), tone=tone), maps_variant=0)
    return PaintedHand(shape, pose, arm, look, gesture)


def drawn(*hands: PaintedHand) -> SceneFrame:
    """Draw hands before a grey wall."""
    wall = np.full((SIDE_PX, SIDE_PX, 3), 128, np.uint8)
    return painted(backdrop_from_picture(wall), hands, LAMP, LENS)
