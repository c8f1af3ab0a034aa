# SPDX-License-Identifier: Apache-2.0
"""The flesh on the bones: a posed hand with its arm as capsules in camera space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edge.scene.arm import Arm, arm_rows
from edge.scene.capsule import Part, Row, capsule_row
from edge.scene.skeleton import FloatArray, HandShape, Skeleton, posed, rotation_about

Handedness = Literal["left", "right"]

# Palm frame to camera (x right, y down, z away): palm towards the camera, fingers up.
_FACING = np.diag([1.0, -1.0, -1.0])
_TIP_INSET = 0.6
_PIVOT_MM = np.array([0.0, 85.0, 0.0])


@dataclass(frozen=True, slots=True, eq=False)
class HandPose:
    """Where a hand is and what it does: `angles_deg` (5, 4) float64, `centre_mm` (3,) float64 in camera space."""

    angles_deg: FloatArray
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    centre_mm: FloatArray
    handedness: Handedness

    def __repr__(self) -> str:
        return f"HandPose({self.handedness}, yaw={self.yaw_deg:.0f}, roll={self.roll_deg:.0f})"

    def view(self) -> FloatArray:
        """Return the (3, 3) map from a right hand's palm frame to camera space; a left hand's is its mirror image."""
        nodded = rotation_about(2, self.roll_deg) @ rotation_about(0, self.pitch_deg)
        view = _FACING @ nodded @ rotation_about(1, self.yaw_deg)
        mirror = np.diag([-1.0 if self.handedness == "left" else 1.0, 1.0, 1.0])
        return np.asarray(mirror @ view)

    def wrist_mm(self, shape: HandShape) -> FloatArray:
        """Return where the wrist is (3,), camera space."""
        return np.asarray(self.centre_mm - self.view() @ (_PIVOT_MM * shape.scale))


@dataclass(frozen=True, slots=True, eq=False)
class Flesh:
    """A hand ready to draw, in camera space and millimetres.

    `capsules` (P, 20) float32 rows for the renderer, `joints_mm` (21, 3), `thickness_mm` (21,), `axes` (3, 3) rows x,
    y, z of the palm, `arm` (3,) unit vector from wrist to elbow; float64.
    """

    capsules: npt.NDArray[np.float32]
    joints_mm: FloatArray
    thickness_mm: FloatArray
    axes: FloatArray
    arm: FloatArray

    def __repr__(self) -> str:
        return f"Flesh(capsules={self.capsules.shape}, joints_mm={self.joints_mm.shape})"


def _palm_rows(shape: HandShape, skeleton: Skeleton) -> list[Row]:
    s = shape.scale
    thick = shape.radii_mm[:, 0]
    rows = []
    arch = np.array([0, 0, -1.5]) * s
    carpals = np.array([[10, 14, -1], [3, 14, -2], [-5, 13, -1.5], [-12, 13, 0]]) * s
    for finger in range(1, 5):
        root = shape.roots_mm[finger] + np.array([0, -2, 1.0]) * s
        wide = (12.5 * s, thick[finger] * 1.06)
        rows.append(capsule_row(carpals[finger - 1], root, wide, blend=9 * s, part=Part.PALM, bow=arch))
    first, second = skeleton.joints_mm[1], skeleton.joints_mm[2]
    pad = skeleton.frames[0, 0][:, 2]
    reach = (13.5 * s, shape.radii_mm[0, 1] * 1.04)
    heel = first - np.array([0, 4, 0]) * s
    rows.append(capsule_row(heel, second, reach, blend=12 * s, part=Part.PALM, bow=pad * 2.5 * s))
    belly = first * 0.45 + second * 0.55 + pad * 3.0 * s
    rows.append(capsule_row(np.array([14, 22, 8]) * s, belly, (11 * s, 11.5 * s), blend=13 * s, part=Part.PALM))
    web = shape.roots_mm[1] * 0.72 + np.array([0, 0, 1]) * s
    rows.append(capsule_row(first * 0.3 + second * 0.7, web, (6.0 * s, 7.5 * s), blend=17 * s, part=Part.PALM))
    for finger in range(1, 4):
        left, right = (_mount(shape, skeleton, f) for f in (finger, finger + 1))
        rows.append(capsule_row(left, right, (8.4 * s, 8.4 * s), blend=7 * s, part=Part.PALM))
    edge = (np.array([-19, 18, 6]) * s, np.array([-30, 54, 4]) * s)
    rows.append(capsule_row(*edge, (12 * s, 9.5 * s), blend=12 * s, part=Part.PALM, bulge=1.5 * s))
    return rows


def _mount(shape: HandShape, skeleton: Skeleton, finger: int) -> FloatArray:
    """Return the centre of the pad (3,) below a finger: it follows the finger half way."""
    along = skeleton.frames[finger, 0][:, 1] + np.array([0.0, 0.9, 0.0])
    forward = 13.5 if finger < 4 else 10.0
    return np.asarray(shape.roots_mm[finger] + (along / np.linalg.norm(along) * forward + [0, 0, 1.5]) * shape.scale)


def _finger_rows(shape: HandShape, skeleton: Skeleton) -> list[Row]:
    s = shape.scale
    rows = []
    for finger in range(5):
        part = Part.THUMB if finger == 0 else Part.FINGER
        joints = skeleton.joints_mm[1 + 4 * finger : 5 + 4 * finger]
        for bone in range(1 if finger == 0 else 0, 3):
            axes = skeleton.frames[finger, bone]
            r0, r1 = shape.radii_mm[finger, bone : bone + 2]
            end = joints[bone + 1]
            if bone == 2:
                end = end - axes[:, 1] * r1  # the tip lies on the skin
            root = bone == (1 if finger == 0 else 0)
            rows.append(
                capsule_row(
                    joints[bone],
                    end,
                    (r0 * (0.96 if bone == 0 else 1.0), r1),
                    blend=(7.0 if root else 3.0) * s,
                    part=part,
                    chain=finger + 1,
                    bulge=(-0.15, -0.25, 0.4)[bone] * s,
                    bow=axes[:, 2] * (1.3, 0.8, 0.9)[bone] * s,
                    v=(float(bone), float(bone + 1)),
                    dorsal=-axes[:, 2],
                )
            )
    return rows


def fleshed(shape: HandShape, pose: HandPose, arm: Arm) -> Flesh:
    """Return the capsules and joints of a hand in its pose."""
    skeleton = posed(shape, pose.angles_deg)
    view, pivot = pose.view(), _PIVOT_MM * shape.scale
    joints = (skeleton.joints_mm - pivot) @ view.T + pose.centre_mm
    palm, fingers = (np.array(rows) for rows in (_palm_rows(shape, skeleton), _finger_rows(shape, skeleton)))
    for rows in (palm, fingers):
        for columns in (slice(0, 3), slice(3, 6)):
            rows[:, columns] = (rows[:, columns] - pivot) @ view.T + pose.centre_mm
        for columns in (slice(9, 12), slice(17, 20)):
            rows[:, columns] = rows[:, columns] @ view.T
    # The fingertip of hand datasets is the middle of the last pad, not its end.
    view_tips = skeleton.frames[:, 2, :, 1] * (_TIP_INSET * shape.radii_mm[:, 3:]) @ view.T
    skin, cloth = arm_rows(joints[0], view[:, 0], arm, shape.scale)
    capsules = np.concatenate([np.concatenate([palm, skin], dtype=np.float32), fingers, cloth], dtype=np.float32)
    towards_elbow = arm.elbow_mm - joints[0]
    keypoints = joints.copy()
    keypoints[4::4] -= view_tips
    thickness = shape.radii_mm.copy()
    thickness[0, 0] = 20.0 * shape.scale  # the ball of the thumb
    return Flesh(
        capsules=capsules,
        joints_mm=keypoints,
        thickness_mm=np.concatenate([[16.0 * shape.scale], thickness.reshape(-1)]),
        axes=view.T.copy(),
        arm=towards_elbow / np.linalg.norm(towards_elbow),
    )
