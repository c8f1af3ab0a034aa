# SPDX-License-Identifier: Apache-2.0
"""Small data sets on disk and samples in memory, made in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.data.sample import HandSample

WIDTH_PX, HEIGHT_PX = 64, 48
SKIN = (90, 140, 220)
BACKGROUND = (120, 90, 40)


def picture_with(boxes_xyxy: ArrayLike, *, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> NDArray[np.uint8]:
    """Return a plain BGR picture with a skin-coloured rectangle for each box (whole pixels)."""
    picture = np.full((height_px, width_px, 3), BACKGROUND, np.uint8)
    for x1, y1, x2, y2 in np.asarray(boxes_xyxy, int).reshape(-1, 4):
        picture[y1:y2, x1:x2] = SKIN
    return picture


def sample_with(
    boxes_xyxy: ArrayLike = (), *, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX, **changes: Any
) -> HandSample:
    """Return a training sample with these boxes, without names, keypoints or outlines unless `changes` give them."""
    boxes = np.asarray(boxes_xyxy, np.float32).reshape(-1, 4)
    count = len(boxes)
    sample = HandSample(
        path=Path("picture.png"),
        dataset="small",
        licence="CC0-1.0",
        split="train",
        group="scene",
        width_px=width_px,
        height_px=height_px,
        boxes_xyxy=boxes,
        ignored=np.zeros(count, np.bool_),
        keypoints=np.full((count, 21, 2), np.nan, np.float32),
        gestures=(None,) * count,
        handedness=(None,) * count,
        outlines=(None,) * count,
    )
    return replace(sample, **changes)


def spread_keypoints(box_xyxy: ArrayLike) -> NDArray[np.float32]:
    """Return keypoints (21, 2) that reach to all sides of a box."""
    x1, y1, x2, y2 = np.asarray(box_xyxy, np.float32)
    share = np.random.default_rng(7).permutation(np.linspace(0, 1, 21))
    return np.column_stack([np.linspace(x1, x2, 21), y1 + share * (y2 - y1)]).astype(np.float32)


def annotation(image_id: int, x1: float, y1: float, x2: float, y2: float, **fields: Any) -> dict[str, Any]:
    """Return a COCO annotation of one box."""
    box = [x1, y1, x2 - x1, y2 - y1]
    return {"image_id": image_id, "category_id": 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0, **fields}


def write_coco(
    folder: Path,
    images: Sequence[Mapping[str, Any]],
    annotations: Sequence[Mapping[str, Any]],
    *,
    info: Mapping[str, Any] | None = None,
) -> Path:
    """Write a COCO set; an image is numbered and named by its place, and its boxes are drawn in its picture."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, image in enumerate(images):
        size = {"width": WIDTH_PX, "height": HEIGHT_PX}
        row = {"id": number, "file_name": f"{number}.png", **size, **image}
        own = [one["bbox"] for one in annotations if one["image_id"] == number and not one.get("iscrowd")]
        boxes = [[x, y, x + w, y + h] for x, y, w, h in own]
        picture = picture_with(boxes, width_px=row["width"], height_px=row["height"])
        cv2.imwrite(str(folder / row["file_name"]), picture)
        rows.append(row)
    numbered = [{"id": number, **one} for number, one in enumerate(annotations)]
    content = {"info": {"description": folder.name, **(info or {})}, "images": rows, "annotations": numbered}
    (folder / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def write_hands(folder: Path, *, splits: Sequence[str], **fields: Any) -> Path:
    """Write a COCO set of one picture a split, each a group of its own with one hand that `fields` describe."""
    images = [{"split": split, "group": f"scene-{number}"} for number, split in enumerate(splits)]
    annotations = [
        annotation(number, 10 + number % 9, 8 + number % 7, 42 + number % 9, 38 + number % 7, **fields)
        for number in range(len(splits))
    ]
    return write_coco(folder, images, annotations, info={"licence": "CC0-1.0"})


def write_keypoints(folder: Path, *, splits: Sequence[str]) -> Path:
    """Write a COCO set of one picture a split, each a group of its own with one hand that has keypoints."""
    images = [{"split": split, "group": f"scene-{number}"} for number, split in enumerate(splits)]
    annotations = []
    for number in range(len(splits)):
        box = (10 + number % 9, 8 + number % 7, 42 + number % 9, 38 + number % 7)
        points = np.column_stack([spread_keypoints(box), np.full(21, 2)])
        annotations.append(annotation(number, *box, keypoints=points.ravel().tolist()))
    return write_coco(folder, images, annotations, info={"licence": "CC0-1.0"})


def write_masks(folder: Path, *, splits: Sequence[str]) -> Path:
    """Write a COCO set of one picture a split, each a group of its own with one hand, all of whose box is its mask."""
    images = [{"split": split, "group": f"scene-{number}"} for number, split in enumerate(splits)]
    annotations = []
    for number in range(len(splits)):
        x1, y1, x2, y2 = 10 + number % 9, 8 + number % 7, 42 + number % 9, 38 + number % 7
        corners = [x1, y1, x2 - 1, y1, x2 - 1, y2 - 1, x1, y2 - 1]
        annotations.append(annotation(number, x1, y1, x2, y2, segmentation=[corners]))
    return write_coco(folder, images, annotations, info={"licence": "CC0-1.0"})


def write_mask_folders(folder: Path, **pictures: int) -> Path:
    """Write so many pictures for each split into `img`, each with one hand, and their masks into `masks`."""
    for split, count in pictures.items():
        for name in ("img", "masks"):
            (folder / split / name).mkdir(parents=True)
        for number in range(count):
            box = [10 + number, 8, 40 + number, 36]
            cv2.imwrite(str(folder / split / "img" / f"{number}.png"), picture_with([box]))
            mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
            mask[box[1] : box[3], box[0] : box[2]] = 255
            cv2.imwrite(str(folder / split / "masks" / f"{number}.png"), mask)
    return folder


def write_hagrid(folder: Path, split: str, gesture: str, annotations: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write one gesture of a HaGRID v1 split, with a plain picture for each annotation."""
    (folder / f"ann_{split}").mkdir(parents=True, exist_ok=True)
    (folder / split / gesture).mkdir(parents=True, exist_ok=True)
    (folder / f"ann_{split}" / f"{gesture}.json").write_text(json.dumps(annotations), encoding="utf-8")
    for name in annotations:
        cv2.imwrite(str(folder / split / gesture / f"{name}.jpg"), picture_with([[10, 8, 42, 38]]))
    return folder


def write_hagrid_v2(folder: Path, split: str, gesture: str, annotations: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write one gesture of a HaGRID v2 split, with a plain picture for each annotation."""
    (folder / "annotations" / split).mkdir(parents=True, exist_ok=True)
    (folder / gesture).mkdir(exist_ok=True)
    (folder / "annotations" / split / f"{gesture}.json").write_text(json.dumps(annotations), encoding="utf-8")
    for name in annotations:
        cv2.imwrite(str(folder / gesture / f"{name}.jpg"), picture_with([[10, 8, 42, 38]]))
    return folder


def hagrid_hands(labels: Sequence[str], **changes: Any) -> dict[str, Any]:
    """Return a HaGRID v1 annotation with one box for each label."""
    boxes = [[0.25, 0.25, 0.25, 0.5] for _ in labels]
    return {
        "bboxes": boxes,
        "labels": list(labels),
        "leading_hand": "right",
        "leading_conf": 1.0,
        "user_id": "someone",
        **changes,
    }


def write_listed(folder: Path, **pictures: int) -> Path:
    """Write lists of so many 112 x 112 pictures for each split, in turn an empty hand and one with a green thing."""
    for split, count in pictures.items():
        lines = []
        for number in range(1, count + 1):
            holding = number % 2 == 0
            name = f"{'HoldingObject' if holding else 'HoldingNothing'}//{number}.png"
            picture = picture_with([[30, 20 + number % 9, 80, 100]], width_px=112, height_px=112)
            if holding:
                picture[40:70, 20:92] = (40, 200, 40)
            path = folder / split / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture)
            lines.append(f"{name}  {int(holding)}")
        (folder / split / f"{split}.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
