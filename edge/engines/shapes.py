# SPDX-License-Identifier: Apache-2.0
"""`InputShapes`: the range of an input's shapes that an engine is built for."""

from __future__ import annotations

from edge.bundle.contract import ModelContract
from edge.bundle.tensors import InputTensor
from edge.engines.settings import EngineSettings
from edge.strict_model import StrictModel

# A picture rarely shows more hands; kernels are timed for this many crops at once.
_USUAL_HANDS = 2

Shape = tuple[int, ...]


class InputShapes(StrictModel):
    """Smallest, usual and largest shape of input `name`; kernels are chosen for the usual one."""

    name: str
    smallest: Shape
    usual: Shape
    largest: Shape


def shapes_from_contract(contract: ModelContract, settings: EngineSettings) -> InputShapes:
    """Return the shapes of a bundle's input; all the same for a DLA, which takes no others."""
    tensor = contract.input
    most = tensor.spec().max_shape or ()
    fixed_batch = tensor.min_batch == tensor.max_batch
    limit = tensor.max_batch if fixed_batch or settings.max_batch is None else settings.max_batch
    max_batch = max(tensor.min_batch, min(limit, tensor.max_batch))
    usual_hands = 1 if contract.task == "detector" else _USUAL_HANDS
    usual_batch = max(tensor.min_batch, min(usual_hands, max_batch))
    usual = (usual_batch, *most[1:])
    if settings.dla_core is not None:
        return InputShapes(name=tensor.name, smallest=usual, usual=usual, largest=usual)
    sides = most[1:]
    if isinstance(tensor, InputTensor) and tensor.multiple_px is not None:
        sides = (tensor.channels, tensor.multiple_px, tensor.multiple_px)
    return InputShapes(
        name=tensor.name, smallest=(tensor.min_batch, *sides), usual=usual, largest=(max_batch, *most[1:])
    )
