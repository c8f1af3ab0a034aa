# SPDX-License-Identifier: Apache-2.0
"""A frame of EPIC-KITCHENS VISOR, in exactly its layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

WIDTH_PX, HEIGHT_PX = 192, 108


def square(x1: float, y1: float, x2: float, y2: float) -> list[list[float]]:
    return [[x1, y1], [x2, y1], [x2, y2], [x1, y2]]


def annotation(number: int, class_id: int, *segments: list[list[float]], **fields: Any) -> dict[str, Any]:
    return {"id": f"id{number}", "class_id": class_id, "name": "any", "segments": list(segments), **fields}


def write_visor(source: Path, *, stem: str = "P01_01", scale: float = 10) -> Path:
    """Write a frame with a hand that has a hole and touches a cup, and a plate that nobody touches."""
    hole = square(30 * scale, 30 * scale, 40 * scale, 40 * scale)
    annotations = [
        annotation(1, 300, square(20 * scale, 20 * scale, 60 * scale, 60 * scale), hole, in_contact_object="id2"),
        annotation(2, 13, square(60 * scale, 20 * scale, 90 * scale, 60 * scale)),
        annotation(3, 2, square(120 * scale, 20 * scale, 150 * scale, 60 * scale)),
        annotation(
            4, 301, square(100 * scale, 70 * scale, 110 * scale, 80 * scale), in_contact_object="hand-not-in-contact"
        ),
    ]
    names = [f"{stem}_frame_0000000140.jpg", f"{stem}_frame_0000000999.jpg"]
    frames = [{"image": {"name": name, "video": stem}, "annotations": annotations} for name in names]
    (source / "annotations" / "train").mkdir(parents=True)
    (source / "annotations" / "train" / f"{stem}.json").write_text(
        json.dumps({"info": {}, "video_annotations": frames})
    )
    (source / "rgb_frames" / stem).mkdir(parents=True)
    cv2.imwrite(str(source / "rgb_frames" / stem / names[0]), np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8))
    return source
