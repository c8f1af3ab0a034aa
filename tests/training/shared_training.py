# SPDX-License-Identifier: Apache-2.0
"""A small training whose result does not depend on how many processes share it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from training import ranks
from training.losses.detection import DetectionTargets, detection_loss
from training.models.detector import STRIDES_PX
from training.recipe import ScheduleRecipe

STEPS, SIDE_PX = 4, 32


def schedule(*, batch: int) -> ScheduleRecipe:
    return ScheduleRecipe(steps=STEPS, batch=batch, rate=0.01, warmup_steps=1, validate_steps=2, checkpoint_steps=2)


class _Heads(nn.Module):
    """One convolution a stride; without normalisation, whose statistics are those of a share."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Conv2d(3, 5, stride, stride) for stride in STRIDES_PX)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        return tuple(head(pictures) for head in self.heads)


class SharedTask:
    """Learns to find one box in noise, with the detector's loss, whose normaliser spans the whole batch."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        torch.manual_seed(1)
        self.model: nn.Module = _Heads()

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, Any]]:
        for step in range(first_step, STEPS):
            keys = ranks.share(range(step * self._batch, (step + 1) * self._batch))
            pictures = [torch.rand(3, SIDE_PX, SIDE_PX, generator=torch.Generator().manual_seed(key)) for key in keys]
            # The pictures differ in what they show, so that the shares of a batch weigh differently.
            boxes = torch.tensor([[[2.0, 2.0, 6.0 + 3 * (key % 8), 20.0]] for key in keys])
            valid = torch.tensor([[key % 3 > 0] for key in keys])
            yield torch.stack(pictures), DetectionTargets(boxes, valid, torch.zeros_like(valid))

    def loss(self, outputs: Any, targets: Any) -> tuple[Tensor, Mapping[str, float]]:
        loss = detection_loss(outputs, targets, STRIDES_PX).total
        return loss, {"loss": float(loss.detach())}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        return {"weights": sum(float(p.sum()) for p in model.parameters())}

    def provenance(self) -> Mapping[str, Any]:
        return {"recipe": {}, "seed": 1, "data": {"sets": [], "teachers": []}}
