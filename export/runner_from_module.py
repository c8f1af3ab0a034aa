# SPDX-License-Identifier: Apache-2.0
"""A PyTorch module behind the same contract as any other runner, as the reference to compare with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from edge.bundle.contract import ModelContract
from edge.runners.fake import FakeRunner


def runner_from_module(module: nn.Module, contract: ModelContract) -> FakeRunner:
    """Return a runner that computes with PyTorch on the CPU; outputs are named in the order of `contract`."""
    names = [output.name for output in contract.outputs]

    def function(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        with torch.inference_mode():
            outputs = module(torch.from_numpy(inputs[contract.input.name]))
        return {name: output.numpy() for name, output in zip(names, outputs, strict=True)}

    return FakeRunner(
        inputs=(contract.input.spec(),), outputs=tuple(output.spec() for output in contract.outputs), function=function
    )
