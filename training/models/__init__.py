# SPDX-License-Identifier: Apache-2.0
"""Model definitions; `build` makes one from the `model` part of a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import nn

from edge.errors import UsageError
from training.models.classifier import CropClassifier
from training.models.detector import HandDetector
from training.models.face import FACE_BACKBONES, FaceClassifier
from training.models.keypoints import SimccKeypoints
from training.models.pose import PoseMlp
from training.models.segmenter import CropSegmenter
from training.models.torchvision_classifier import NETWORKS, TorchvisionClassifier
from training.models.torchvision_segmenter import SEGMENTERS, TorchvisionSegmenter

_ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "hand-detector": HandDetector,
    "crop-classifier": CropClassifier,
    "simcc-keypoints": SimccKeypoints,
    "pose-mlp": PoseMlp,
    "crop-segmenter": CropSegmenter,
    **{backbone: partial(FaceClassifier, backbone) for backbone in FACE_BACKBONES},
    **{network: partial(TorchvisionClassifier, network) for network in NETWORKS},
    **{network: partial(TorchvisionSegmenter, network) for network in SEGMENTERS},
}


def build(model: Mapping[str, Any]) -> nn.Module:
    """Return the untrained model that `model` describes: its `architecture` and that class's keyword arguments.

    Raises `UsageError` for an unknown architecture or an argument that it does not take.
    """
    arguments = {key: tuple(v) if isinstance(v, list) else v for key, v in model.items() if key != "architecture"}
    name = model.get("architecture")
    if name not in _ARCHITECTURES:
        raise UsageError(f"unknown architecture {name!r}; choose one of {', '.join(sorted(_ARCHITECTURES))}")
    try:
        return _ARCHITECTURES[name](**arguments)
    except (AssertionError, TypeError, ValueError, IndexError) as error:
        raise UsageError(f"architecture {name!r} does not fit its arguments {arguments}: {error}") from error
