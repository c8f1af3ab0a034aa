# SPDX-License-Identifier: Apache-2.0
"""A hand's bones: `HandShape` holds one person's measures, `posed` turns joint angles into 21 joints.

The palm frame, in millimetres: x towards the thumb, y towards the fingertips, z out of the palm, origin at the wrist.
It is that of a right hand; a left hand is its mirror image. Rows are thumb, index, middle, ring, pinky.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

JOINT_COUNT = 21
HAND_LENGTH_MM = 190.0

# Means of adult hands: lengths of the three bones of each finger (of the thumb: metacarpal, proximal, distal).
_BONES_MM = np.array([[44, 34, 27], [43, 25, 22], [48, 29, 23], [44, 27, 23], [34, 20, 20]], np.float64)
_ROOTS_MM = np.array([[21, 22, 7], [26, 87, 0], [4, 89, -2], [-16, 83, 0], [-33, 73, 4]], np.float64)
# Half thickness at the four joints of each finger.
_RADII_MM = np.array(
    [
        [13.0, 11.4, 10.3, 7.6],
        [10.8, 9.8, 8.5, 6.5],
        [11.0, 10.0, 8.7, 6.7],
        [10.4, 9.4, 8.2, 6.4],
        [9.4, 8.1, 7.1, 5.5],
    ],
    np.float64,
)
# How the knuckles are turned: bending fingers come together.
_TWIST_DEG = np.array([-5.0, 0.0, 6.0, 12.0])


@dataclass(frozen=True, slots=True, eq=False)
class HandShape:
    """One person's hand: `bones_mm` (5, 3), `roots_mm` (5, 3) first joint of each finger, `radii_mm` (5, 4) float64."""

    bones_mm: FloatArray
    roots_mm: FloatArray
    radii_mm: FloatArray
    scale: float

    def __post_init__(self) -> None:
        shapes = (self.bones_mm.shape, self.roots_mm.shape, self.radii_mm.shape)
        if shapes != ((5, 3), (5, 3), (5, 4)):
            raise ValueError(f"a hand shape needs arrays (5, 3), (5, 3) and (5, 4), got {shapes}")

    def __repr__(self) -> str:
        return f"HandShape(scale={self.scale:.3f})"


def random_shape(rng: np.random.Generator) -> HandShape:
    """Return a person's hand: adult to child, slim to stout."""
    scale = float(np.clip(rng.normal(1.0, 0.07), 0.8, 1.15))
    stoutness = float(np.clip(rng.normal(1.0, 0.07), 0.86, 1.2))
    finger_length = float(np.clip(rng.normal(1.0, 0.045), 0.9, 1.1))
    bones = _BONES_MM * scale * finger_length * rng.normal(1.0, 0.02, (5, 3))
    roots = _ROOTS_MM * scale * np.array([stoutness**0.5, 1.0, 1.0])
    radii = _RADII_MM * scale * stoutness * rng.normal(1.0, 0.015, (5, 4))
    return HandShape(bones_mm=bones, roots_mm=roots, radii_mm=radii, scale=scale)


def mean_shape() -> HandShape:
    """Return the average adult hand."""
    return HandShape(bones_mm=_BONES_MM.copy(), roots_mm=_ROOTS_MM.copy(), radii_mm=_RADII_MM.copy(), scale=1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """A posed hand: `joints_mm` (21, 3) in MediaPipe order, `frames` (5, 3, 3, 3) a rotation per finger and bone."""

    joints_mm: FloatArray
    frames: FloatArray

    def __repr__(self) -> str:
        return f"Skeleton(joints_mm={self.joints_mm.shape}, frames={self.frames.shape})"


def rotation_about(axis: int, degrees: npt.ArrayLike) -> FloatArray:
    """Return rotations (..., 3, 3) float64 about x, y or z (`axis` 0, 1, 2) by `degrees` (...)."""
    angle = np.radians(np.asarray(degrees, np.float64))
    turned = np.zeros((*angle.shape, 3, 3))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turned[..., axis, axis] = 1.0
    turned[..., first, first] = turned[..., second, second] = np.cos(angle)
    turned[..., second, first] = np.sin(angle)
    turned[..., first, second] = -np.sin(angle)
    return turned


def _thumb_base(spread: float, elevation: float) -> FloatArray:
    """Return the frame (3, 3) of the thumb's metacarpal: `spread` from y towards x, `elevation` out of the palm."""
    s, e = np.radians(spread), np.radians(elevation)
    along = np.array([np.sin(s) * np.cos(e), np.cos(s) * np.cos(e), np.sin(e)])
    # The pad of a thumb faces half across the palm, half away from it; more across as it rises.
    twist = np.radians(55.0 - 1.7 * elevation)
    pad = np.array([-np.cos(twist), 0.0, np.sin(twist)])
    pad -= along * (pad @ along)
    pad /= np.linalg.norm(pad)
    return np.stack([np.cross(along, pad), along, pad], axis=1)


def posed(shape: HandShape, angles_deg: FloatArray) -> Skeleton:
    """Bend a hand: `angles_deg` (5, 4) float64.

    Fingers: knuckle flexion, abduction towards the thumb, flexion of the middle and of the last joint.
    Thumb: spread, elevation, flexion of its two joints.
    """
    base = np.broadcast_to(np.eye(3), (5, 3, 3)).copy()
    spread = rotation_about(2, -angles_deg[1:, 1]) @ rotation_about(1, _TWIST_DEG)
    base[1:] = spread @ rotation_about(0, angles_deg[1:, 0])
    base[0] = _thumb_base(angles_deg[0, 0], angles_deg[0, 1])
    frames = np.empty((5, 3, 3, 3))
    frames[:, 0] = base
    frames[:, 1] = frames[:, 0] @ rotation_about(0, angles_deg[:, 2])
    frames[:, 2] = frames[:, 1] @ rotation_about(0, angles_deg[:, 3])
    joints = np.zeros((JOINT_COUNT, 3))
    chain = joints[1:].reshape(5, 4, 3)
    chain[:, 0] = shape.roots_mm
    steps = frames[..., 1] * shape.bones_mm[..., None]
    chain[:, 1:] = shape.roots_mm[:, None] + np.cumsum(steps, axis=1)
    return Skeleton(joints_mm=joints, frames=frames)
