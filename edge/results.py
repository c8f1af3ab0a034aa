# SPDX-License-Identifier: Apache-2.0
"""What a frame turned out to hold: hands as a struct of arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import DTypeLike, NDArray

from edge.keypoints import KEYPOINTS
from edge.masks import Mask, Masks

SCHEMA = "edge.frame/1"

Rows: TypeAlias = "slice | list[int] | NDArray[Any]"


@dataclass(frozen=True, slots=True)
class Label:
    """One name with its score, 0 to 1."""

    name: str
    score: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Labels:
    """One label out of a fixed list for each of N things.

    Attributes:
        names: the list of names.
        ids: (N,) int64, index into `names`; -1 where there is no label.
        scores: (N,) float32, 0 to 1.

    Raises:
        ValueError: shapes or types differ from these, or an id has no name.
    """

    names: tuple[str, ...]
    ids: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.ids)
        _require("ids", self.ids, (count,), np.int64)
        _require("scores", self.scores, (count,), np.float32)
        if not all(-1 <= index < len(self.names) for index in self.ids.tolist()):
            raise ValueError(f"ids must lie in -1..{len(self.names) - 1}, got {self.ids.min()}..{self.ids.max()}")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: Rows) -> Labels:
        return Labels(self.names, self.ids[rows], self.scores[rows])

    def at(self, row: int) -> Label | None:
        """The label of one row, or None where there is none."""
        index = int(self.ids[row])
        return None if index < 0 else Label(self.names[index], float(self.scores[row]))

    def __repr__(self) -> str:
        return f"Labels(n={len(self)}, names={len(self.names)})"


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """One hand: a row of `Hands`.

    Attributes:
        box_xyxy: (4,) float32, source pixels.
        score: 0 to 1.
        gesture, handedness, holding, pose, track_id: None where not known; handedness is the person's own left or
            right, holding is `holding` or `empty`, pose is told from the keypoints.
        presence: how sure a closer look is that it is a hand at all, 0 to 1; None without one.
        keypoints: (21, 3) float32, x and y in source pixels and a score, 0 to 1, in the order of
            `edge.keypoints.KEYPOINTS`; None where no model placed any.
        mask: which pixels are the hand's; None where no model told.
    """

    box_xyxy: NDArray[np.float32]
    score: float
    gesture: Label | None = None
    handedness: Label | None = None
    track_id: int | None = None
    presence: float | None = None
    keypoints: NDArray[np.float32] | None = None
    holding: Label | None = None
    pose: Label | None = None
    mask: Mask | None = None

    @property
    def names(self) -> dict[str, str | None]:
        """The names of its labels, None where one is not known."""
        labels = {"gesture": self.gesture, "handedness": self.handedness, "holding": self.holding, "pose": self.pose}
        return {kind: None if label is None else label.name for kind, label in labels.items()}

    def to_dict(self, *, mask_size_px: tuple[int, int] | None = None) -> dict[str, Any]:
        """The hand as the JSON Schema of `edge.frame/1` has it, with its mask in a picture of that width and height."""
        hand = {
            "box_xyxy": [round(float(edge), 2) for edge in self.box_xyxy],
            "score": round(self.score, 4),
            "gesture": _label_dict(self.gesture),
            "handedness": _label_dict(self.handedness),
            "track_id": self.track_id,
            "holding": _label_dict(self.holding),
            "keypoints": None if self.keypoints is None else _rounded_points(self.keypoints),
            "pose": _label_dict(self.pose),
        }
        return hand if mask_size_px is None else hand | {"mask": _mask_dict(self.mask, mask_size_px)}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Hands:
    """The hands of one frame; slices like an array.

    Attributes:
        boxes_xyxy: (N, 4) float32, source pixels, x1 <= x2 and y1 <= y2.
        scores: (N,) float32, 0 to 1.
        gestures, handedness, holding, poses: labels of the N hands, or None where no model gave any.
        track_ids: (N,) int64, or None.
        presence: (N,) float32, 0 to 1: how sure a second, closer look is that each is a hand at all; None without one.
        keypoints: (N, 21, 3) float32, x and y in source pixels and a score, 0 to 1; None where no model placed any.
        masks: which pixels are those of each hand; None where no model told.

    Raises:
        ValueError: shapes or types differ from these, or a box is turned inside out or not finite.
    """

    boxes_xyxy: NDArray[np.float32]
    scores: NDArray[np.float32]
    gestures: Labels | None = None
    handedness: Labels | None = None
    track_ids: NDArray[np.int64] | None = None
    presence: NDArray[np.float32] | None = None
    keypoints: NDArray[np.float32] | None = None
    holding: Labels | None = None
    poses: Labels | None = None
    masks: Masks | None = None

    def __post_init__(self) -> None:
        if self.boxes_xyxy.shape == (4,):
            raise ValueError("boxes_xyxy must be (N, 4) float32, got (4,); wrap a single box as boxes[None]")
        count = len(self.boxes_xyxy)
        _require("boxes_xyxy", self.boxes_xyxy, (count, 4), np.float32)
        _require("scores", self.scores, (count,), np.float32)
        if not _are_boxes(self.boxes_xyxy):
            raise ValueError("boxes_xyxy must be finite with x1 <= x2 and y1 <= y2; given boxes are not")
        for name in ("gestures", "handedness", "holding", "poses"):
            labels = getattr(self, name)
            if labels is not None and len(labels) != count:
                raise ValueError(f"{name} must have one label a box ({count}), got {len(labels)}")
        if self.track_ids is not None:
            _require("track_ids", self.track_ids, (count,), np.int64)
        if self.presence is not None:
            _require("presence", self.presence, (count,), np.float32)
        if self.keypoints is not None:
            _require("keypoints", self.keypoints, (count, len(KEYPOINTS), 3), np.float32)
        if self.masks is not None and len(self.masks) != count:
            raise ValueError(f"masks must have one mask a box ({count}), got {len(self.masks)}")

    @classmethod
    def empty(cls) -> Hands:
        """No hands."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    def moved(self, scale: float, left_px: float, top_px: float) -> Hands:
        """Return the hands in a picture that shows this one `scale` times as large, from `left_px`, `top_px` on."""
        offset_px = np.array([left_px, top_px], np.float32)
        keypoints = self.keypoints
        if keypoints is not None:
            keypoints = np.concatenate([keypoints[..., :2] * np.float32(scale) + offset_px, keypoints[..., 2:]], axis=2)
        return replace(
            self,
            boxes_xyxy=self.boxes_xyxy * np.float32(scale) + np.tile(offset_px, 2),
            keypoints=keypoints,
            masks=None if self.masks is None else self.masks.moved(scale, left_px, top_px),
        )

    def __len__(self) -> int:
        return len(self.boxes_xyxy)

    @overload
    def __getitem__(self, rows: int) -> Hand: ...
    @overload
    def __getitem__(self, rows: Rows) -> Hands: ...
    def __getitem__(self, rows: int | Rows) -> Hand | Hands:
        if isinstance(rows, (int, np.integer)):
            return self._row(int(rows))
        return Hands(
            self.boxes_xyxy[rows],
            self.scores[rows],
            None if self.gestures is None else self.gestures[rows],
            None if self.handedness is None else self.handedness[rows],
            None if self.track_ids is None else self.track_ids[rows],
            None if self.presence is None else self.presence[rows],
            None if self.keypoints is None else self.keypoints[rows],
            None if self.holding is None else self.holding[rows],
            None if self.poses is None else self.poses[rows],
            None if self.masks is None else self.masks[rows],
        )

    def __iter__(self) -> Iterator[Hand]:
        return (self._row(row) for row in range(len(self)))

    def _row(self, row: int) -> Hand:
        return Hand(
            self.boxes_xyxy[row],
            float(self.scores[row]),
            None if self.gestures is None else self.gestures.at(row),
            None if self.handedness is None else self.handedness.at(row),
            None if self.track_ids is None else int(self.track_ids[row]),
            None if self.presence is None else float(self.presence[row]),
            None if self.keypoints is None else self.keypoints[row],
            None if self.holding is None else self.holding.at(row),
            None if self.poses is None else self.poses.at(row),
            None if self.masks is None else self.masks.at(row),
        )

    def __repr__(self) -> str:
        optional = ("gestures", "handedness", "track_ids", "presence", "keypoints", "holding", "poses", "masks")
        known = [name for name in optional if getattr(self, name) is not None]
        return f"Hands(n={len(self)}, boxes_xyxy={self.boxes_xyxy.shape}{''.join(', ' + name for name in known)})"


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """What one frame held, and how long it took to find out.

    Attributes:
        source: name of the source, as its user gave it.
        path: file of a picture, relative to the folder that was opened; None for video.
        frame: number of the frame in its source, from 0.
        time_s: time within a recording, or since the first frame of a live source.
        width_px, height_px: size of the frame.
        hands: the hands, highest score first.
        latency_ms: time of each stage; `total` runs from the end of the frame's capture to its result.
    """

    source: str
    path: str | None
    frame: int
    time_s: float
    width_px: int
    height_px: int
    hands: Hands
    latency_ms: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self, *, masks: bool = False) -> dict[str, Any]:
        """The result as the JSON Schema of `edge.frame/1` has it, with run-length masks if asked for."""
        mask_size_px = (self.width_px, self.height_px) if masks else None
        return {
            "schema": SCHEMA,
            "source": self.source,
            "path": self.path,
            "frame": self.frame,
            "time_s": round(self.time_s, 6),
            "width": self.width_px,
            "height": self.height_px,
            "hands": [hand.to_dict(mask_size_px=mask_size_px) for hand in self.hands],
            "latency_ms": {stage: round(value_ms, 3) for stage, value_ms in self.latency_ms.items()},
        }

    def to_json(self, *, masks: bool = False) -> str:
        """The result as one line of JSON, without the line end; `masks` as in `to_dict`."""
        import json

        return json.dumps(self.to_dict(masks=masks), separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _require(name: str, values: NDArray[Any], shape: tuple[int, ...], dtype: DTypeLike) -> None:
    if values.shape != shape or values.dtype != dtype:
        expected = f"{shape} {np.dtype(dtype).name}"
        raise ValueError(f"{name} must be {expected}, got {values.shape} {values.dtype}")


# Numpy's reductions cost a frame more than a loop over its few hands.
def _are_boxes(boxes_xyxy: NDArray[np.float32]) -> bool:
    corners = boxes_xyxy.tolist()
    return all(-math.inf < x1 <= x2 < math.inf and -math.inf < y1 <= y2 < math.inf for x1, y1, x2, y2 in corners)


def _rounded_points(keypoints: NDArray[np.float32]) -> list[list[float]]:
    return [[round(x, 2), round(y, 2), round(score, 4)] for x, y, score in keypoints.tolist()]


def _mask_dict(mask: Mask | None, size_px: tuple[int, int]) -> dict[str, Any] | None:
    return None if mask is None else {"size": [size_px[1], size_px[0]], "counts": mask.run_lengths(*size_px)}


def _label_dict(label: Label | None) -> dict[str, Any] | None:
    return None if label is None else {"label": label.name, "score": round(label.score, 4)}
