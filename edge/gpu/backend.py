# SPDX-License-Identifier: Apache-2.0
"""`GpuBackend`: a GPU, and how models are opened on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.gpu.device import Gpu
from edge.gpu.frame_slot import MappedFrames
from edge.runners.stream_model import StreamModel

if TYPE_CHECKING:
    from edge.bundle.bundle import Bundle

MOST_HANDS = 8
"""How many hands the second looks take at once unless told otherwise; frames with more take a second round."""


@dataclass(frozen=True, slots=True)
class GpuBackend:
    """What a pipeline needs to work on a GPU.

    Attributes:
        gpu: the device; it stays its owner's to close.
        open_model: opens the model of a bundle on it; the pipeline closes the model.
        engine: what runs the models, for people.
        hands: how many hands the second looks take at once.
        mapped: memory that sources capture into, if there is any.
        cpu_may_take_over: whether a lane goes on on the processor when the GPU fails; else the failure ends the run.
        capture: whether the work of a frame becomes a CUDA graph.
    """

    gpu: Gpu
    open_model: Callable[[Bundle], StreamModel]
    engine: str
    hands: int = MOST_HANDS
    mapped: MappedFrames | None = None
    cpu_may_take_over: bool = False
    capture: bool = True
