# SPDX-License-Identifier: Apache-2.0
"""`SceneTruth`: where the rendered hands are, exactly; `SceneFrame`: the picture with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.scene.flesh import Flesh, Handedness


@dataclass(frozen=True, slots=True, eq=False)
class SceneTruth:
    """The N hands that show at least one pixel of skin.

    Attributes:
        boxes_xyxy: (N, 4) float32, pixels; tight around the visible pixels of the hand, which ends at the wrist:
            the forearm and the sleeve do not count. A pixel (x, y) covers x..x+1, y..y+1.
        keypoints_xy: (N, 21, 2) float32, pixels, MediaPipe order; also those hidden or outside the picture.
        keypoints_visible: (N, 21) bool; in the picture and not behind another finger, hand or sleeve.
        instance_ids: (H, W) uint8; n + 1 where hand n covers most of the pixel, without forearm, 0 elsewhere.
        gestures: one name a hand, of `edge.scene.GESTURE_NAMES`.
        handedness: "left" or "right", the person's own.

    Raises:
        ValueError: shapes that disagree.
    """

    boxes_xyxy: npt.NDArray[np.float32]
    keypoints_xy: npt.NDArray[np.float32]
    keypoints_visible: npt.NDArray[np.bool_]
    instance_ids: npt.NDArray[np.uint8]
    gestures: tuple[str, ...]
    handedness: tuple[Handedness, ...]

    def __post_init__(self) -> None:
        count = len(self.gestures)
        shapes = (self.boxes_xyxy.shape, self.keypoints_xy.shape, self.keypoints_visible.shape, len(self.handedness))
        if shapes != ((count, 4), (count, 21, 2), (count, 21), count):
            raise ValueError(f"truth of {count} hands needs (N, 4), (N, 21, 2), (N, 21) and N names, got {shapes}")

    def __len__(self) -> int:
        return len(self.gestures)

    def __repr__(self) -> str:
        return f"SceneTruth(hands={len(self)}, gestures={self.gestures}, handedness={self.handedness})"


@dataclass(frozen=True, slots=True, eq=False)
class SceneFrame:
    """A rendered picture `bgr` (H, W, 3) uint8 and its truth."""

    bgr: npt.NDArray[np.uint8]
    truth: SceneTruth

    def __repr__(self) -> str:
        return f"SceneFrame(bgr={self.bgr.shape}, {self.truth!r})"


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole camera: focal length and optical centre in pixels."""

    focal_px: float
    centre_x_px: float
    centre_y_px: float

    def projected(self, points_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return pixels (..., 2) of points (..., 3) in camera space."""
        centre = np.array([self.centre_x_px, self.centre_y_px])
        return np.asarray(points_mm[..., :2] / points_mm[..., 2:] * self.focal_px + centre)


def _extents(ids: npt.NDArray[np.uint8], count: int) -> npt.NDArray[np.float32]:
    """Return (count, 4) float32 boxes of ids 1 to count; NaN where an id covers nothing."""
    boxes = np.full((count, 4), np.nan, np.float32)
    for n in range(count):
        own = ids == n + 1
        columns, rows = np.flatnonzero(own.any(axis=0)), np.flatnonzero(own.any(axis=1))
        if len(columns):
            boxes[n] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes


def _visible(
    keypoints_xy: npt.NDArray[np.float64], flesh: Flesh, ids: npt.NDArray[np.uint8], depth: npt.NDArray[np.float32]
) -> npt.NDArray[np.bool_]:
    height, width = ids.shape
    column, row = np.floor(keypoints_xy[:, 0]).astype(np.int64), np.floor(keypoints_xy[:, 1]).astype(np.int64)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    before = depth[row.clip(0, height - 1), column.clip(0, width - 1)]
    # Under its own skin a joint is at most its thickness behind the surface; 1.4 allows for slanted fingers.
    unhidden = before > flesh.joints_mm[:, 2] - 1.4 * flesh.thickness_mm - 2.0
    return np.asarray(inside & unhidden)


def truth_from_drawing(
    ids: npt.NDArray[np.uint8],
    depth_mm: npt.NDArray[np.float32],
    lens: Lens,
    *,
    fleshes: list[Flesh],
    gestures: list[str],
    handedness: list[Handedness],
) -> SceneTruth:
    """Return the truth of a drawing; hands without a visible pixel are left out and ids renumbered without gaps."""
    boxes = _extents(ids, len(fleshes))
    shown = [n for n in range(len(fleshes)) if not np.isnan(boxes[n, 0])]
    points = [lens.projected(fleshes[n].joints_mm) for n in shown]
    visible = [_visible(xy, fleshes[n], ids, depth_mm) for n, xy in zip(shown, points, strict=True)]
    if len(shown) < len(fleshes):
        number = np.zeros(256, np.uint8)
        number[[n + 1 for n in shown]] = np.arange(1, len(shown) + 1, dtype=np.uint8)
        ids = number[ids]
    return SceneTruth(
        boxes_xyxy=boxes[shown],
        keypoints_xy=np.array(points, np.float32).reshape(-1, 21, 2),
        keypoints_visible=np.array(visible, np.bool_).reshape(-1, 21),
        instance_ids=ids,
        gestures=tuple(gestures[n] for n in shown),
        handedness=tuple(handedness[n] for n in shown),
    )
