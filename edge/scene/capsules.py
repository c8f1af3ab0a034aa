# SPDX-License-Identifier: Apache-2.0
"""The flesh on the bones: tapered capsules of a posed hand with its arm, in the layout the native renderer reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from edge.scene.skeleton import FloatArray, HandShape, Skeleton, posed, rotation_about

Handedness = Literal["left", "right"]

BONE_COLUMNS = 20
_PALM, _FINGER, _THUMB, _FOREARM, _SLEEVE = range(5)
_SLEEVE_CHAIN = 6
# Palm frame to camera (x right, y down, z away): palm towards the camera, fingers up.
_FACING = np.diag([1.0, -1.0, -1.0])
_PIVOT_MM = np.array([0.0, 85.0, 0.0])


@dataclass(frozen=True, slots=True)
class HandPose:
    """Where a hand is and what it does: `angles_deg` (5, 4) float64, `centre_mm` (3,) float64 in camera space."""

    angles_deg: FloatArray
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    wrist_flexion_deg: float
    wrist_deviation_deg: float
    centre_mm: FloatArray
    handedness: Handedness

    def __repr__(self) -> str:
        return f"HandPose({self.handedness}, yaw={self.yaw_deg:.0f}, roll={self.roll_deg:.0f})"


@dataclass(frozen=True, slots=True)
class Clothing:
    """What covers the arm: the sleeve ends `cuff_mm` past the wrist (None: no sleeve); `elbow_bend_deg` bends the arm."""

    cuff_mm: float | None
    looseness: float
    elbow_bend_deg: float
    elbow_turn_deg: float


@dataclass(frozen=True, slots=True)
class Flesh:
    """A hand ready to draw, in camera space and millimetres.

    `bones` (P, 20) float32 rows for the renderer, `joints_mm` (21, 3), `thickness_mm` (21,), `axes` (3, 3) rows x, y, z of
    the palm, `arm` (3,) unit vector from wrist to elbow; float64.
    """

    bones: npt.NDArray[np.float32]
    joints_mm: FloatArray
    thickness_mm: FloatArray
    axes: FloatArray
    arm: FloatArray

    def __repr__(self) -> str:
        return f"Flesh(bones={self.bones.shape}, joints_mm={self.joints_mm.shape})"


_Row = list[float]


def _row(
    start: FloatArray,
    end: FloatArray,
    radii: tuple[float, float],
    *,
    blend: float,
    part: int,
    chain: int = 0,
    bulge: float = 0.0,
    bow: FloatArray | None = None,
    v: tuple[float, float] = (0.0, 0.0),
    dorsal: FloatArray | None = None,
) -> _Row:
    bow = np.zeros(3) if bow is None else bow
    dorsal = np.array([0.0, 0.0, -1.0]) if dorsal is None else dorsal
    return [*start, *end, *radii, bulge, *bow, blend, float(chain), float(part), *v, *dorsal]


def _palm_rows(shape: HandShape, skeleton: Skeleton) -> list[_Row]:
    s = shape.scale
    thick = shape.radii_mm[:, 0]
    rows = []
    carpals = np.array([[10, 14, -1], [3, 14, -2], [-5, 13, -1.5], [-12, 13, 0]]) * s
    for finger in range(1, 5):
        root = shape.roots_mm[finger] + np.array([0, -2, 1.0]) * s
        wide = (12.5 * s, thick[finger] * 1.06)
        rows.append(_row(carpals[finger - 1], root, wide, blend=9 * s, part=_PALM, bow=np.array([0, 0, -1.5]) * s))
    first, second = skeleton.joints_mm[1], skeleton.joints_mm[2]
    pad = skeleton.frames[0, 0][:, 2]
    reach = (13.5 * s, shape.radii_mm[0, 1] * 1.04)
    rows.append(_row(first - np.array([0, 4, 0]) * s, second, reach, blend=12 * s, part=_PALM, bow=pad * 2.5 * s))
    belly = first * 0.45 + second * 0.55 + pad * 3.0 * s
    rows.append(_row(np.array([14, 22, 8]) * s, belly, (11 * s, 11.5 * s), blend=13 * s, part=_PALM))
    web = shape.roots_mm[1] * 0.72 + np.array([0, 0, 1]) * s
    rows.append(_row(first * 0.3 + second * 0.7, web, (6.0 * s, 7.5 * s), blend=17 * s, part=_PALM))
    for finger in range(1, 4):
        ends = [_mount(shape, skeleton, f) for f in (finger, finger + 1)]
        rows.append(_row(*ends, (8.4 * s, 8.4 * s), blend=7 * s, part=_PALM))
    edge = (np.array([-19, 18, 6]) * s, np.array([-30, 54, 4]) * s)
    rows.append(_row(*edge, (12 * s, 9.5 * s), blend=12 * s, part=_PALM, bulge=1.5 * s))
    return rows


def _mount(shape: HandShape, skeleton: Skeleton, finger: int) -> FloatArray:
    """Return the centre of the pad (3,) below a finger: it follows the finger half way."""
    along = skeleton.frames[finger, 0][:, 1] + np.array([0.0, 0.9, 0.0])
    forward = 13.5 if finger < 4 else 10.0
    return np.asarray(shape.roots_mm[finger] + (along / np.linalg.norm(along) * forward + [0, 0, 1.5]) * shape.scale)


def _finger_rows(shape: HandShape, skeleton: Skeleton) -> list[_Row]:
    s = shape.scale
    rows = []
    for finger in range(5):
        part = _THUMB if finger == 0 else _FINGER
        joints = skeleton.joints_mm[1 + 4 * finger : 5 + 4 * finger]
        for bone in range(1 if finger == 0 else 0, 3):
            axes = skeleton.frames[finger, bone]
            r0, r1 = shape.radii_mm[finger, bone : bone + 2]
            end = joints[bone + 1]
            if bone == 2:
                end = end - axes[:, 1] * r1  # the tip lies on the skin
            root = bone == (1 if finger == 0 else 0)
            rows.append(
                _row(
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


def _arm_rows(shape: HandShape, pose: HandPose, clothing: Clothing) -> tuple[list[_Row], FloatArray]:
    s = shape.scale
    turn = rotation_about(0, -pose.wrist_flexion_deg) @ rotation_about(2, pose.wrist_deviation_deg)
    side, along, up = turn[:, 0], -turn[:, 1], turn[:, 2]
    rows = []
    for offset, far in ((10.5, 17.0), (-9.5, -18.0)):
        start = side * offset * s + along * -6 * s
        end = side * far * s + along * 235 * s
        rows.append(
            _row(start, end, (14.5 * s, 31 * s), blend=13 * s, part=_FOREARM, bulge=3 * s, dorsal=-up)
        )
    elbow = along * 245 * s
    bend = np.radians(clothing.elbow_bend_deg)
    around = np.radians(clothing.elbow_turn_deg)
    upper = along * np.cos(bend) + (side * np.cos(around) + up * np.sin(around)) * np.sin(bend)
    shoulder = elbow + upper * 900 * s
    covered = clothing.cuff_mm is not None
    if clothing.cuff_mm is not None:
        loose = clothing.looseness
        cuff = along * clothing.cuff_mm * s
        rows.append(_row(cuff, elbow, (33 * s * loose, 46 * s * loose), blend=0.5, part=_SLEEVE, chain=_SLEEVE_CHAIN))
    rows.append(
        _row(
            elbow,
            shoulder,
            (44 * s, 62 * s),
            blend=25 * s,
            part=_SLEEVE if covered else _FOREARM,
            chain=_SLEEVE_CHAIN if covered else 0,
        )
    )
    return rows, along


def view_rotation(pose: HandPose) -> FloatArray:
    """Return the (3, 3) map from a right hand's palm frame to camera space; a left hand's is its mirror image."""
    turned = rotation_about(2, pose.roll_deg) @ rotation_about(0, pose.pitch_deg) @ rotation_about(1, pose.yaw_deg)
    view = _FACING @ turned
    if pose.handedness == "left":
        view = np.diag([-1.0, 1.0, 1.0]) @ view
    return np.asarray(view)


def fleshed(shape: HandShape, pose: HandPose, clothing: Clothing) -> Flesh:
    """Return the capsules and joints of a hand in its pose."""
    skeleton = posed(shape, pose.angles_deg)
    arm_rows, arm = _arm_rows(shape, pose, clothing)
    skin_first = [row for row in arm_rows if row[13] == 0.0]
    cloth = [row for row in arm_rows if row[13] != 0.0]
    rows = np.array(_palm_rows(shape, skeleton) + skin_first + _finger_rows(shape, skeleton) + cloth)
    view = view_rotation(pose)
    pivot = _PIVOT_MM * shape.scale
    for columns in (slice(0, 3), slice(3, 6)):
        rows[:, columns] = (rows[:, columns] - pivot) @ view.T + pose.centre_mm
    for columns in (slice(9, 12), slice(17, 20)):
        rows[:, columns] = rows[:, columns] @ view.T
    thickness = np.concatenate([[14.0 * shape.scale], shape.radii_mm.reshape(-1)])
    return Flesh(
        bones=rows.astype(np.float32),
        joints_mm=(skeleton.joints_mm - pivot) @ view.T + pose.centre_mm,
        thickness_mm=thickness,
        axes=view.T.copy(),
        arm=view @ arm,
    )
