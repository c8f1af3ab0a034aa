# SPDX-License-Identifier: Apache-2.0
"""Rendered hands as a data set: drawn once in the COCO layout, kept in the cache, read like any other set."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge.errors import OutputError
from edge.scene import SceneFrame, render_hand_sample
from edge.sources.picture import pixels_from_file
from training import ranks

LICENCE = "Apache-2.0 (rendered by this package)"
SIDES_PX = (240, 320, 400)
MOST_HANDS = 3
BACKDROP_CHANCE = 0.5
LEAST_VISIBLE_KEYPOINTS = 8
# Raised when the renderer or this file draws other pictures, so that no training reads those of an older version.
DRAWING = 3


def rendered_set(*, count: int, seed: int, backdrops: Sequence[Path]) -> Path:
    """Return the folder of `count` rendered scenes in the cache, drawing those that are missing.

    `backdrops` are pictures without hands. Raises `SourceError` when one cannot be read, `OutputError` when the cache
    cannot be written.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    names = "\n".join(f"{path.parent.name}/{path.name}" for path in backdrops)
    folder = cache / "edge-hands" / f"rendered-{seed}-{count}-{DRAWING}-{zlib.crc32(names.encode()):08x}"
    # Another training may be drawing the same set: all processes of this one have to decide alike.
    (drawn,) = ranks.spread(lambda path: path.exists(), [folder / "annotations.json"])
    if not drawn:
        try:
            draw_set(folder, count=count, seed=seed, backdrops=backdrops)
        except OSError as error:
            raise OutputError(
                f"{folder} cannot be written: {error.strerror}; free space or set XDG_CACHE_HOME"
            ) from error
    return folder


def draw_set(folder: Path, *, count: int, seed: int, backdrops: Sequence[Path]) -> None:
    """Draw `count` scenes into `folder`; what an interrupted call has drawn is kept.

    Scene `i` depends on the seed, `i` and the backdrops alone. Processes that train together share the work.
    """
    folder.mkdir(parents=True, exist_ok=True)

    def drawn(number: int) -> dict[str, Any]:
        record = folder / f"{number:05d}.json"
        if not record.exists():
            _draw(record, np.random.default_rng([seed, number]), backdrops)
        return dict(json.loads(record.read_text(encoding="utf-8")))

    records = ranks.spread(drawn, range(count))
    if ranks.is_leader():
        _write_annotations(folder, records)
    ranks.wait()


def _write_annotations(folder: Path, records: Sequence[dict[str, Any]]) -> None:
    hands = [{**hand, "image_id": image} for image, record in enumerate(records) for hand in record["hands"]]
    annotations = [{**hand, "id": number} for number, hand in enumerate(hands)]
    images = [{**record["image"], "id": number} for number, record in enumerate(records)]
    info = {"description": folder.name, "licence": LICENCE}
    _write(folder / "annotations.json", {"info": info, "images": images, "annotations": annotations})


def _draw(record: Path, rng: np.random.Generator, backdrops: Sequence[Path]) -> None:
    side_px = int(rng.choice(SIDES_PX))
    chosen = None
    if backdrops and rng.random() < BACKDROP_CHANCE:
        chosen = [pixels_from_file(backdrops[int(rng.integers(len(backdrops)))])]
    frame = render_hand_sample(rng, side_px, side_px, int(rng.integers(1, MOST_HANDS + 1)), backgrounds=chosen)
    picture = record.with_suffix(".jpg")
    if not cv2.imwrite(str(picture), frame.bgr, [cv2.IMWRITE_JPEG_QUALITY, 95]):
        raise OutputError(f"{picture} cannot be written; free space or set XDG_CACHE_HOME")
    image = {"file_name": picture.name, "width": side_px, "height": side_px, "split": "train", "group": record.stem}
    _write(record, {"image": image, "hands": _hands(frame)})


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)


def _polygons(mask: npt.NDArray[np.bool_]) -> list[list[float]]:
    """Return the outlines of a mask's parts; holes are part of it, as in the masks of photographs."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return [outline.ravel().astype(float).tolist() for outline in outlines if len(outline) >= 3]


def _hands(frame: SceneFrame) -> list[dict[str, Any]]:
    truth = frame.truth
    hands = []
    for index, (x1, y1, x2, y2) in enumerate(truth.boxes_xyxy.astype(float)):
        visible = truth.keypoints_visible[index]
        points = np.column_stack([truth.keypoints_xy[index], np.where(visible, 2, 1)])
        hands.append(
            {
                "bbox": [round(v, 2) for v in (x1, y1, x2 - x1, y2 - y1)],
                # A hand of which little shows teaches nothing: ask nothing of it.
                "iscrowd": int(visible.sum() < LEAST_VISIBLE_KEYPOINTS),
                "segmentation": _polygons(truth.instance_ids == index + 1),
                "keypoints": [round(float(v), 2) for v in points.ravel()],
                "gesture": truth.gestures[index],
                "handedness": truth.handedness[index],
            }
        )
    return hands
