# SPDX-License-Identifier: Apache-2.0
"""Which nodes a precision hurts most, and the fewest that must be spared for the rest to pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.contract import ModelContract
from export.output_difference import output_differences
from export.runner_from_onnx import runner_from_onnx

# More than this share of the nodes spared is no such precision any more.
MOST_SPARED = 0.5


@dataclass(frozen=True, slots=True)
class NodeError:
    """How far the outputs move, as a share of their size, when `node` alone is lowered."""

    node: str
    error: float


def node_errors(
    contract: ModelContract,
    model: bytes,
    inputs: Sequence[NDArray[np.float32]],
    nodes: Iterable[str],
    lowered: Callable[[str], bytes],
) -> list[NodeError]:
    """Return the nodes, the most harmful first; `lowered` gives the model with one node lowered."""
    errors = []
    with runner_from_onnx(contract, model) as reference:
        for node in nodes:
            with runner_from_onnx(contract, lowered(node)) as candidate:
                differences = output_differences(reference, candidate, inputs)
            errors.append(NodeError(node, max(difference.relative for difference in differences)))
    return sorted(errors, key=lambda one: -one.error)


def fewest_spared(ranked: Sequence[str], passes: Callable[[frozenset[str]], bool]) -> frozenset[str] | None:
    """Return the shortest head of `ranked` that passes when spared, None when not even half of all does.

    The search doubles, then halves: what passes is taken to pass with more spared.
    """
    most = int(len(ranked) * MOST_SPARED)
    failing, count = 0, 1
    while count <= most and not passes(frozenset(ranked[:count])):
        failing, count = count, min(2 * count, most) if count < most else most + 1
    if count > most:
        return None
    while count - failing > 1:
        middle = (failing + count) // 2
        if passes(frozenset(ranked[:middle])):
            count = middle
        else:
            failing = middle
    return frozenset(ranked[:count])
