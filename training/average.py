# SPDX-License-Identifier: Apache-2.0
"""`WeightAverage`: the exponential moving average of a model's weights, which is what ships."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

RAMP_UPDATES = 1000.0


class WeightAverage:
    """Keeps `model`, an averaged copy; early updates move it more, so that the first weights are soon forgotten."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval()
        self.updates = 0
        self._decay = decay
        for parameter in self.model.parameters():
            parameter.requires_grad = False

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the average towards `model`; counters and other integers are copied."""
        self.updates += 1
        decay = self._decay * (1 - math.exp(-self.updates / RAMP_UPDATES))
        current = model.state_dict()
        for name, value in self.model.state_dict().items():
            if value.dtype.is_floating_point:
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])

    def on_cpu(self) -> nn.Module:
        """Return the averaged model where evaluation runs it, as a copy if it is elsewhere."""
        here = all(tensor.device.type == "cpu" for tensor in self.model.state_dict().values())
        return self.model if here else copy.deepcopy(self.model).cpu()
