# SPDX-License-Identifier: Apache-2.0
"""Classifiers that HaGRID publishes, or that were trained with its code, as checkpoints of `edge-train`.

Version 1 has two heads and looks at crops of hands. Version 2 names the gesture of a whole picture.
Source of the layouts: `classifier/` (v1), `models/` and `custom_utils/` (v2) of https://github.com/hukenovs/hagrid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edge.errors import SourceError, UsageError
from edge.gesture import NO_GESTURE
from training.data.hagrid_gestures import HAGRID_V2_GESTURES, V1_OUTPUTS
from training.importers.state_dict import Rules, fitted, read_foreign, renamed, tensors_of
from training.models import build
from training.models.torchvision_classifier import NETWORKS
from training.recipe_from_file import recipe_from_mapping

# Names in its configurations for what torchvision calls otherwise.
_ALIASES = {
    "mobilenetv3_large": "mobilenet_v3_large",
    "mobilenetv3_small": "mobilenet_v3_small",
    "resnext50": "resnext50_32x4d",
    "resnext101": "resnext101_32x8d",
    "vitb16": "vit_b_16",
    "vitb32": "vit_b_32",
}
_STATES = ("state_dict", "MODEL_STATE")
_WRAPPERS = ("module.", "hagrid_model.")
_LICENCE = "variant of CC BY-SA 4.0, see https://github.com/hukenovs/hagrid"
# Gestures of published networks by their number, with the data they learned from and how many of its pictures.
_PUBLISHED = {
    19: (V1_OUTPUTS, "HaGRID v1", 509_323),
    18: (V1_OUTPUTS[:-1], "HaGRID v1 of 2023", 410_800),
    34: (HAGRID_V2_GESTURES, "HaGRID v2", 821_458),
    33: (HAGRID_V2_GESTURES[:-1], "HaGRID v2", 821_458),
}
_CROPS = {"mean": [0.0] * 3, "std": [255.0] * 3, "pad": [0.0] * 3}
_PICTURES = {
    "mean": [255 * value for value in (0.54, 0.499, 0.474)],
    "std": [255 * value for value in (0.234, 0.235, 0.231)],
    "pad": [144.0] * 3,
}
_SIDE_PX = 224
_WIDE_MARGIN = 1.0

_RESNET_PARTS = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool")
_RESNET: Rules = [(rf"backbone\.{number}\.(.*)", rf"backbone.{part}.\1") for number, part in enumerate(_RESNET_PARTS)]
# Older releases of torchvision named these layers otherwise.
_PERCEPTRON: Rules = [
    (r"(?:torchvision_model\.)?(encoder\..*\.mlp\.)linear_1\.(.*)", r"backbone.\g<1>0.\2"),
    (r"(?:torchvision_model\.)?(encoder\..*\.mlp\.)linear_2\.(.*)", r"backbone.\g<1>3.\2"),
]
# The encoder is there twice, and ImageNet's head is not used.
_TRANSFORMER: Rules = [
    *_PERCEPTRON,
    (r"torchvision_model\.heads\..*", None),
    (r"backbone\.0\..*", None),
    (r"torchvision_model\.(.*)", r"backbone.\1"),
]
_TWO_HEADED: dict[str, Rules] = {
    "mobilenet": [(r"backbone\.0\.(.*)", r"backbone.features.\1")],
    "resnet": _RESNET,
    "resnext": _RESNET,
    "vit": _TRANSFORMER,
}
# The last part of what torchvision itself calls so.
_ONE_HEAD = {
    "convnext": r"classifier\.2\.",
    "mobilenet": r"classifier\.",
    "resnet": r"fc\.",
    "resnext": r"fc\.",
    "vit": r"heads\.head\.",
}


def state_from_hagrid(
    path: Path,
    *,
    architecture: str,
    dataset: str = "hagrid",
    gestures: Sequence[str] = (),
    crop_margin: float | None = None,
) -> dict[str, Any]:
    """Return what a checkpoint of `edge-train` holds for the HaGRID classifier in the file `path`.

    `architecture` is a name of torchvision or of HaGRID's configurations, `dataset` the path of the HaGRID set below
    the data root that it is to be measured on. `gestures` name its outputs in their order where they are others than
    the published ones. `crop_margin` widens the crops that it sees, in sides of the hand: 0 by default where it learned
    from crops, and 1 where it learned from whole pictures. Raises `UsageError` for an unknown architecture and for
    names that do not fit the outputs, `SourceError` for a file that cannot be read, or naming tensors that do not fit.
    """
    network = _network(architecture)
    content = read_foreign(path)
    state = tensors_of(content, path, keys=_STATES, prefixes=_WRAPPERS)
    has_hands = any(name.startswith("leading_hand") for name in state)
    given = renamed(state, _rules(network, has_hands=has_hands))
    names, rows = _outputs(given, path, tuple(gestures) or _own_targets(content))
    heads = [len(names), 2] if has_hands else [len(names)]
    with torch.device("meta"):
        model = build({"architecture": network, "head_classes": heads})
    weights = fitted(given, model.state_dict(), origin=f"{path} as a {network}")
    if has_hands:
        _swap_hands(weights)
    if crop_margin is None:
        crop_margin = 0.0 if has_hands and NO_GESTURE in names else _WIDE_MARGIN
    shape = {"fit": "crop", "width_px": _SIDE_PX, "height_px": _SIDE_PX, "crop_margin": crop_margin}
    recipe = recipe_from_mapping(
        {
            "task": "gesture-classifier",
            "name": f"hagrid-{network.replace('_', '-')}",
            "seed": 0,
            "model": {"architecture": network, "head_classes": heads},
            "input": shape | (_CROPS if has_hands else _PICTURES),
            "gestures": list(names),
            "handedness": has_hands,
            "data": {"sets": [{"path": dataset, "layout": "hagrid"}]},
            "schedule": {"steps": 1, "batch": 32, "rate": 0.001},
        },
        origin=f"for {path}",
    )
    data = {"sets": rows, "teachers": []}
    return {"ema": weights, "recipe": recipe.model_dump(mode="json"), "seed": 0, "data": data}


def _network(architecture: str) -> str:
    name = architecture.lower()
    name = _ALIASES.get(name, name)
    if name not in NETWORKS:
        raise UsageError(f"unknown architecture {architecture!r}; choose one of {', '.join(NETWORKS)}")
    return name


def _rules(network: str, *, has_hands: bool) -> Rules:
    """Return how the tensors of one network are renamed."""
    family = next(name for name in _ONE_HEAD if network.startswith(name))
    if not has_hands:
        plain = (r"(.*)", r"backbone.\1")
        return [(rf"{_ONE_HEAD[family]}(.*)", r"heads.0.\1"), *(_PERCEPTRON if family == "vit" else ()), plain]
    # MobileNet's heads have several layers with numbers of their own.
    number = "" if family == "mobilenet" else r"0\."
    return [
        (rf"(?:gesture_)?classifier\.{number}(.*)", r"heads.0.\1"),
        (rf"leading_hand(?:_classifier)?\.{number}(.*)", r"heads.1.\1"),
        *_TWO_HEADED.get(family, ()),
    ]


def _outputs(
    given: Mapping[str, tuple[str, Tensor]], path: Path, gestures: tuple[str, ...]
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Return the gestures that the outputs mean, and the data the network learned from."""
    biases = [value for name, (_, value) in given.items() if name.startswith("heads.0.") and name.endswith("bias")]
    if not biases:
        raise SourceError(f"{path} has no head that names gestures; give the architecture that it is of")
    count = len(biases[-1])
    names, dataset, pictures = _PUBLISHED.get(count, ((), "", 0))
    if not gestures or gestures == names:
        if not names:
            raise UsageError(f"{path} has {count} outputs, and HaGRID 18, 19, 33 or 34; name them with --gestures")
        return names, [{"dataset": dataset, "licence": _LICENCE, "pictures": pictures}]
    if len(gestures) != count:
        raise UsageError(
            f"{path} has {count} outputs, and {len(gestures)} gestures were named for them; name each once"
        )
    return gestures, [{"dataset": f"not known: {path.name}", "licence": "not stated", "pictures": None}]


def _own_targets(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the gestures that the file itself says it was trained on, in the order of its outputs; none of v2's."""
    try:
        return tuple(str(name) for name in content["config"]["dataset"]["targets"])
    except (KeyError, TypeError):
        return ()


def _swap_hands(weights: dict[str, Tensor]) -> None:
    """HaGRID's outputs mean right and left, ours left and right."""
    last = [name for name in weights if name.startswith("heads.1.")][-2:]
    for name in last:
        weights[name] = weights[name].flip(0)
