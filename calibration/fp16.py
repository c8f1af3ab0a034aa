# SPDX-License-Identifier: Apache-2.0
"""A model to FP16: what overflows or loses too much stays float32, and what comes of it is judged."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.judge import Judge, Verdict
from calibration.lowered import Lowered
from calibration.sensitivity import NodeError, fewest_spared, node_errors
from calibration.settings import FP16_MAX_DROP
from edge.bundle.contract import ModelContract
from export.fp16_from_onnx import fp16_from_onnx
from export.half_rounding import half_losses, half_rounded, nodes_to_keep
from export.onnx_graph import graph_from_bytes
from export.output_difference import output_differences
from export.runner_from_onnx import runner_from_onnx

# Sensitivity compares outputs on few inputs: it runs once for every node.
SENSITIVITY_INPUTS = 4


def lowered_to_fp16(
    contract: ModelContract,
    model: bytes,
    inputs: Sequence[NDArray[np.float32]],
    judge: Judge,
    *,
    choice: Judge,
    say: Callable[[str], None],
) -> Lowered:
    """Return the model in FP16, with as few nodes in float32 as `choice` needs, and what `judge` says of it.

    The file is judged as ONNX Runtime computes it and with every tensor rounded as a GPU does; the worse counts.
    """
    spared = nodes_to_keep(model, half_losses(model, contract.input, inputs))
    _, chosen_drop = _judged(choice, model, spared)
    errors: tuple[NodeError, ...] = ()
    if chosen_drop > FP16_MAX_DROP:
        say(f"FP16 loses {chosen_drop:.2f} points; looking for the nodes that cost them")
        names = [node.name for node in graph_from_bytes(model).graph.node if node.name not in spared]

        def alone(node: str) -> bytes:
            return half_rounded(model, keep=[*spared, *(name for name in names if name != node)])

        errors = tuple(node_errors(contract, model, inputs[:SENSITIVITY_INPUTS], names, alone))
        found = fewest_spared(
            [one.node for one in errors], lambda more: _judged(choice, model, {*spared, *more})[1] <= FP16_MAX_DROP
        )
        if found is not None:
            spared |= dict.fromkeys(found, "costs accuracy")
    verdict, drop = _judged(judge, model, spared)
    file = fp16_from_onnx(model, keep=spared)
    with (
        runner_from_onnx(contract, model) as ours,
        runner_from_onnx(contract, half_rounded(model, keep=spared)) as half,
    ):
        outputs = output_differences(ours, half, inputs)
    return Lowered(
        precision="fp16",
        model=file,
        verdict=verdict,
        drop_points=drop,
        max_drop=FP16_MAX_DROP,
        spared=spared,
        outputs=outputs,
        node_errors=errors,
    )


def _judged(judge: Judge, model: bytes, spared: Collection[str]) -> tuple[Verdict, float]:
    verdicts = [judge.verdict(fp16_from_onnx(model, keep=spared)), judge.verdict(half_rounded(model, keep=spared))]
    worse = max(verdicts, key=judge.reference.drop_points)
    return worse, judge.reference.drop_points(worse)
