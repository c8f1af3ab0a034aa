# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import torch
from torch import Tensor, nn

from training.data.crops import CropTargets
from training.losses.detection import cells_of
from training.processor import moved, on_cpu, processor

# The device of tensors without values: it refuses to compute together with any other, as a GPU does.
ELSEWHERE = torch.device("meta")


def test_every_tensor_of_a_batchs_targets_moves() -> None:
    targets = CropTargets(*(torch.zeros(2, dtype=torch.int64) for _ in range(3)), teacher=torch.zeros(2, 19))
    there = moved(targets, ELSEWHERE)
    tensors: list[Tensor] = [there.gestures, there.handedness, there.presence, there.teacher]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    first, second = moved((torch.zeros(1), [torch.zeros(1), "name"]), ELSEWHERE)
    assert (first.device.type, second[0].device.type, second[1]) == ("meta", "meta", "name")


def test_cells_are_placed_where_the_maps_are() -> None:
    tensors = cells_of([torch.zeros(1, 5, 4, 4, device=ELSEWHERE)], [8])
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def test_a_training_computes_where_pytorch_can() -> None:
    assert processor().type == ("cuda" if torch.cuda.is_available() else "cpu")
    model = nn.Linear(2, 2)
    assert on_cpu(model) is model
    if torch.cuda.is_available():
        assert next(on_cpu(model.cuda()).parameters()).device.type == "cpu"
