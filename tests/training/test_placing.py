# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from edge.errors import UsageError
from training.placing import device_named, each_tensor, placed


@dataclass(frozen=True, slots=True)
class Targets:
    boxes: Tensor
    names: tuple[str, ...]


def test_every_tensor_within_is_changed_and_all_else_is_left() -> None:
    value = {"a": torch.ones(2), "b": [torch.zeros(1), 3], "c": Targets(torch.ones(1), ("fist",))}
    changed = each_tensor(value, lambda tensor: tensor + 1)
    assert changed["a"].tolist() == [2, 2]
    assert changed["b"][0].tolist() == [1]
    assert changed["b"][1] == 3
    assert changed["c"].boxes.tolist() == [2]
    assert changed["c"].names == ("fist",)


def test_what_is_placed_is_where_it_was_wanted() -> None:
    targets = placed(Targets(torch.ones(1), ()), torch.device("meta"))
    assert targets.boxes.device.type == "meta"


def test_the_cpu_is_always_to_be_had() -> None:
    assert device_named("cpu") == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_gpu_that_is_not_there_is_an_error_and_auto_does_without() -> None:
    assert device_named("auto") == torch.device("cpu")
    with pytest.raises(UsageError, match=r"needs 1 CUDA GPUs, PyTorch sees 0; .*schedule\.device=cpu"):
        device_named("cuda")


def test_a_gpu_is_taken_where_there_is_one() -> None:
    if not torch.cuda.is_available():
        if os.environ.get("FAIL_WITHOUT_GPU") == "1":
            pytest.fail("FAIL_WITHOUT_GPU=1, and PyTorch sees no GPU")
        pytest.skip("PyTorch sees no GPU")
    assert device_named("auto") == torch.device("cuda", 0)
