# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in the layouts of HaGRID's code, made of torchvision's definitions as that code makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from training.data.hagrid_gestures import V1_OUTPUTS

RESNET_PARTS = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool")


class TwoHeads(nn.Module):
    """A classifier of version 1: `backbone`, a head of gestures and one of the leading hand, right before left."""

    def __init__(self, network: str, classes: int = 19) -> None:
        super().__init__()
        model = torchvision.models.get_model(network)
        if network.startswith("vit_"):
            self.torchvision_model = model
            self.backbone = nn.Sequential(model.encoder)
            self.gesture_classifier = nn.Sequential(nn.Linear(model.hidden_dim, classes))
            self.leading_hand_classifier = nn.Sequential(nn.Linear(model.hidden_dim, 2))
        elif network.startswith("mobilenet_"):
            self.backbone = nn.Sequential(model.features, model.avgpool)
            width, hidden = model.classifier[0].in_features, model.classifier[0].out_features
            self.gesture_classifier = hidden_head(width, hidden, classes)
            self.leading_hand_classifier = hidden_head(width, hidden, 2)
        else:
            self.backbone = nn.Sequential(*(getattr(model, part) for part in RESNET_PARTS))
            self.classifier = nn.Sequential(nn.Linear(model.fc.in_features, classes))
            self.leading_hand = nn.Sequential(nn.Linear(model.fc.in_features, 2))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features = torch.flatten(self.backbone(pictures), 1)
        if hasattr(self, "classifier"):
            return self.classifier(features), self.leading_hand(features)
        return self.gesture_classifier(features), self.leading_hand_classifier(features)


def hidden_head(width: int, hidden: int, classes: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, hidden), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(hidden, classes))


def version_1(state: dict[str, Any], *, targets: list[str] | None = None) -> dict[str, Any]:
    """Return what its `save_checkpoint` writes."""
    config = {"dataset": {"targets": targets or list(V1_OUTPUTS)}, "experiment_name": "ResNet18", "device": "cuda"}
    optimiser: dict[str, Any] = {"state": {}, "param_groups": [{"lr": 0.005, "momentum": 0.9, "params": [0, 1]}]}
    return {"state_dict": state, "optimizer_state_dict": optimiser, "epoch": 7, "config": config}


def version_2(state: dict[str, Any]) -> dict[str, Any]:
    """Return what its `Trainer` writes."""
    figures = {"EPOCHS_RUN": 12, "Loss": 0.1, "Metric": {"F1Score": 0.983}, "SCHEDULER_STATE": None}
    return {"MODEL_STATE": state, "OPTIMIZER_STATE": {"state": {}, "param_groups": []}, **figures}


def numbered(module: nn.Module) -> dict[str, Tensor]:
    """Return the state of a module without weights (on "meta"), each tensor filled with a number of its own.

    Saved, each takes the space of one number.
    """
    return {
        name: torch.tensor(number, dtype=own.dtype, device="cpu").expand(own.shape)
        for number, (name, own) in enumerate(module.state_dict().items())
    }


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path
