# SPDX-License-Identifier: Apache-2.0
"""What a network costs: parameters, operations and time on this machine's CPU."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

WARM_UPS, TIMED = 3, 15


@dataclass(frozen=True, slots=True)
class Cost:
    """Parameters, floating-point operations of one picture (a multiplication and an addition are two), and its time.

    The time is the median of `TIMED` inferences by PyTorch with one thread and a batch of one.
    """

    parameters: int
    flops: int
    latency_ms: float


def cost_of(model: nn.Module, *, width_px: int, height_px: int) -> Cost:
    """Measure a model that takes pictures (N, 3, `height_px`, `width_px`); it is put into inference mode."""
    model = model.eval()
    picture = torch.zeros(1, 3, height_px, width_px)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            with FlopCounterMode(display=False) as counter:
                model(picture)
            times_ms = [_timed_ms(model, picture) for _ in range(WARM_UPS + TIMED)][WARM_UPS:]
    finally:
        torch.set_num_threads(threads)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Cost(parameters, counter.get_total_flops(), statistics.median(times_ms))


def _timed_ms(model: nn.Module, picture: torch.Tensor) -> float:
    start_s = time.perf_counter()
    model(picture)
    return (time.perf_counter() - start_s) * 1000
