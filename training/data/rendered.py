# SPDX-License-Identifier: Apache-2.0
"""Rendered hands as a data set: drawn once in the COCO layout, kept in the cache, read like any other set."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge.scene import SceneFrame, render_hand_sample
from training.augment.placement import Picture

LICENCE = "Apache-2.0 (rendered by this package)"
SIDES_PX = (240, 320, 400)
MOST_HANDS = 3
BACKDROP_CHANCE = 0.5
LEAST_VISIBLE_KEYPOINTS = 8


def rendered_set(*, count: int, seed: int, backdrops: Sequence[Path]) -> Path:
    """Return the folder of `count` rendered scenes, drawing those that are missing; `backdrops` are hand-free pictures."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "edge-hands" / f"rendered-{seed}-{count}"
    if not (folder / "annotations.json").exists():
        draw_set(folder, count=count, seed=seed, backdrops=backdrops)
    return folder


def draw_set(folder: Path, *, count: int, seed: int, backdrops: Sequence[Path]) -> None:
    """Draw `count` scenes into `folder`; scene `i` depends on the seed and `i` alone, and interrupted work goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        record = folder / f"{number:05d}.json"
        if not record.exists():
            _draw(record, np.random.default_rng([seed, number]), backdrops)
    records = [json.loads((folder / f"{number:05d}.json").read_text(encoding="utf-8")) for number in range(count)]
    annotations = [
        {**hand, "id": number, "image_id": image}
        for number, (image, hand) in enumerate((n, hand) for n, record in enumerate(records) for hand in record["hands"])
    ]
    images = [{**record["image"], "id": number} for number, record in enumerate(records)]
    info = {"description": folder.name, "licence": LICENCE}
    partial = folder / "annotations.partial"
    partial.write_text(json.dumps({"info": info, "images": images, "annotations": annotations}), encoding="utf-8")
    partial.replace(folder / "annotations.json")


def _draw(record: Path, rng: np.random.Generator, backdrops: Sequence[Path]) -> None:
    side_px = int(rng.choice(SIDES_PX))
    chosen: list[Picture] | None = None
    if backdrops and rng.random() < BACKDROP_CHANCE:
        picture = cv2.imread(str(backdrops[int(rng.integers(len(backdrops)))]))
        chosen = [np.asarray(picture, np.uint8)]
    frame = render_hand_sample(rng, side_px, side_px, int(rng.integers(1, MOST_HANDS + 1)), backgrounds=chosen)
    name = record.with_suffix(".jpg").name
    cv2.imwrite(str(record.with_suffix(".jpg")), frame.bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])
    image = {"file_name": name, "width": side_px, "height": side_px, "split": "train", "group": record.stem}
    record.write_text(json.dumps({"image": image, "hands": _hands(frame)}), encoding="utf-8")


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
                "keypoints": [round(float(v), 2) for v in points.ravel()],
                "gesture": truth.gestures[index],
                "handedness": truth.handedness[index],
            }
        )
    return hands
