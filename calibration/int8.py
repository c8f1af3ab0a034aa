# SPDX-License-Identifier: Apache-2.0
"""A model to INT8 with FP16 about it: calibrated, judged, and its worst layers spared where it must be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.judge import Judge
from calibration.lowered import Lowered
from calibration.placement import Placement, placement_of
from calibration.qdq_from_onnx import qdq_from_onnx
from calibration.qdq_rules import require_rules
from calibration.ranges import Ranges, ranges_of
from calibration.sensitivity import NodeError, fewest_spared, node_errors
from calibration.settings import PrecisionSettings
from calibration.thresholds import METHODS, Method
from edge.bundle.contract import ModelContract
from edge.errors import UsageError
from export.fp16_from_onnx import fp16_from_onnx
from export.onnx_graph import graph_from_bytes
from export.output_difference import output_differences
from export.runner_from_onnx import runner_from_onnx

SENSITIVITY_INPUTS = 4


@dataclass(frozen=True, slots=True)
class Int8Lowering:
    """Everything that INT8 files of one model are made of.

    `float32` are nodes that FP16 does not suit, with their reasons.
    """

    contract: ModelContract
    model: bytes
    inputs: Sequence[NDArray[np.float32]]
    float32: Mapping[str, str]
    ranges: Ranges

    def placement(self, spared: Collection[str] = ()) -> Placement:
        """Return what becomes INT8 when `spared` and the float32 nodes do not."""
        return placement_of(graph_from_bytes(self.model), keep={*spared, *self.float32})

    def file(self, method: Method, spared: Collection[str] = ()) -> bytes:
        """Return the file to ship: INT8 where it is placed, FP16 about it."""
        quantised = qdq_from_onnx(self.model, self.placement(spared), self.ranges.thresholds[method])
        return fp16_from_onnx(quantised, keep=self.float32)

    def errors(self, method: Method) -> tuple[NodeError, ...]:
        """Return what each layer costs when it alone is INT8, the most harmful first."""
        layers = self.placement().layers

        def alone(node: str) -> bytes:
            one = Placement(tuple(layer for layer in layers if layer.node == node), ())
            return qdq_from_onnx(self.model, one, self.ranges.thresholds[method])

        names = [layer.node for layer in layers]
        return tuple(node_errors(self.contract, self.model, self.inputs[:SENSITIVITY_INPUTS], names, alone))


def lowered_to_int8(
    contract: ModelContract,
    model: bytes,
    inputs: Sequence[NDArray[np.float32]],
    judge: Judge,
    settings: PrecisionSettings,
    *,
    float32: Mapping[str, str],
    choice: Judge,
    say: Callable[[str], None],
) -> Lowered:
    """Return the model in INT8 and what `judge` says of it.

    Its method is the one that `choice` judges best, and as few layers are in FP16 as `choice` needs.
    Raises `UsageError` for a model that has no layer to quantise.
    """
    tensors = placement_of(graph_from_bytes(model), keep=float32).tensors
    if not tensors:
        raise UsageError(f"{contract.name} has no layer that gains by INT8; FP16 is as far as it goes")
    say(f"measuring the ranges of {len(tensors)} tensors on {sum(map(len, inputs))} inputs")
    ranges = ranges_of(model, contract, inputs, tensors, cache=settings.cache)
    lowering = Int8Lowering(contract, model, inputs, float32, ranges)
    method = settings.method or _best_method(lowering, choice, say)
    spared: dict[str, str] = {}
    chosen_drop = choice.drop_points(lowering.file(method))
    errors = lowering.errors(method) if settings.sensitivity or chosen_drop > settings.max_drop else ()
    if chosen_drop > settings.max_drop:
        say(f"INT8 loses {chosen_drop:.2f} points; looking for the layers that cost them")
        found = fewest_spared(
            [one.node for one in errors],
            lambda more: choice.drop_points(lowering.file(method, more)) <= settings.max_drop,
        )
        if found is not None:
            costs = {one.node: one.error for one in errors}
            spared = {node: f"alone it moves the outputs by {costs[node]:.1%}" for node in costs if node in found}
    file = lowering.file(method, spared)
    require_rules(file)
    verdict = judge.verdict(file)
    with runner_from_onnx(contract, model) as ours, runner_from_onnx(contract, file) as theirs:
        outputs = output_differences(ours, theirs, inputs[:SENSITIVITY_INPUTS])
    return Lowered(
        precision="int8",
        model=file,
        verdict=verdict,
        drop_points=judge.reference.drop_points(verdict),
        max_drop=settings.max_drop,
        spared=spared,
        outputs=outputs,
        method=method,
        node_errors=errors,
    )


def _best_method(lowering: Int8Lowering, judge: Judge, say: Callable[[str], None]) -> Method:
    """Return the method of the least drop; of equal ones, the one whose outputs lie nearest."""
    tried: dict[Method, tuple[float, float]] = {}
    for method in METHODS:
        file = qdq_from_onnx(lowering.model, lowering.placement(), lowering.ranges.thresholds[method])
        with (
            runner_from_onnx(lowering.contract, lowering.model) as ours,
            runner_from_onnx(lowering.contract, file) as theirs,
        ):
            moved = max(one.relative for one in output_differences(ours, theirs, lowering.inputs[:SENSITIVITY_INPUTS]))
        # Differences below a tenth of a point are chance.
        tried[method] = round(max(judge.drop_points(file), 0.0), 1), moved
    say("; ".join(f"{method}: {drop:.1f} points, outputs {moved:.1%}" for method, (drop, moved) in tried.items()))
    return min(tried, key=tried.__getitem__)
