# SPDX-License-Identifier: Apache-2.0
"""The hand network of OpenPose, `pose_iter_....caffemodel`, as a checkpoint of `edge-train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from edge.errors import SourceError
from training.importers.caffe import tensors_of_caffemodel
from training.importers.state_dict import fitted
from training.models import build
from training.models.openpose_hand import STAGE_LAYERS
from training.recipe_from_file import recipe_from_mapping

LICENCE = "noncommercial research only, see https://github.com/CMU-Perceptual-Computing-Lab/openpose"
SIDE_PX = 368
# It learned from squares of 2.2 times a hand's longer side.
CROP_MARGIN = 0.6


def state_from_openpose(path: Path, *, dataset: str, side_px: int = SIDE_PX) -> dict[str, Any]:
    """Return what a checkpoint of `edge-train` holds for the network in a `.caffemodel` file.

    `dataset` is the path of the COCO set below the data root that it is to be measured on. Raises `SourceError` when
    the file cannot be read, or naming the tensors that do not fit.
    """
    tensors = tensors_of_caffemodel(path)
    first = tensors.get("conv1_1.weight")
    if first is None or first.ndim != 4:
        raise SourceError(f"{path} is not the hand network of OpenPose: it has no layer conv1_1")
    stages = 1 + sum(name.startswith(f"Mconv{STAGE_LAYERS}_stage") and name.endswith(".weight") for name in tensors)
    model = {
        "architecture": "openpose-hand", "side_px": side_px, "width": len(first), "stages": max(2, stages)
    } | {"bins_a_px": 1, "presence": False}  # fmt: skip
    with torch.device("meta"):
        expected = build(model).state_dict()
    given = {f"layers.{name}": (name, tensor) for name, tensor in tensors.items()}
    weights = fitted(given, expected, origin=f"{path} as the hand network of OpenPose")
    triple = [128.0] * 3
    recipe = recipe_from_mapping(
        {
            "task": "hand-keypoints",
            "name": "openpose-hand",
            "seed": 0,
            "model": model,
            "input": {"fit": "crop", "width_px": side_px, "height_px": side_px, "crop_margin": CROP_MARGIN}
            | {"colour": "bgr", "mean": triple, "std": [256.0] * 3, "pad": triple},
            "bins_a_px": 1,
            "data": {"sets": [{"path": dataset}]},
            "schedule": {"steps": 1, "batch": 8, "rate": 0.0001},
        },
        origin=f"for {path}",
    )
    data = {"sets": [{"dataset": "OpenPose's hands", "licence": LICENCE, "pictures": None}], "teachers": []}
    return {"ema": weights, "recipe": recipe.model_dump(mode="json"), "seed": 0, "data": data}
