# SPDX-License-Identifier: Apache-2.0
"""`OutputDifference`: how far what two runners say of the same inputs lies apart, tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.runners.runner import Runner

# The same FP32 network summed in another order differs by about 1e-5 of its largest activations.
ABSOLUTE = RELATIVE = 1e-3


@dataclass(frozen=True, slots=True)
class OutputDifference:
    """Difference of one tensor over all inputs.

    `max_abs` is the largest absolute one, `of_allowed` the largest as a fraction of what is allowed (above 1 is too
    much), `relative` the root mean square of the differences as a share of that of the reference, `cosine` that of the
    angle between both.
    """

    output: str
    max_abs: float
    of_allowed: float
    relative: float = 0.0
    cosine: float = 1.0


def output_differences(
    reference: Runner, candidate: Runner, tensors: Sequence[NDArray[np.float32]], names: Sequence[str] | None = None
) -> tuple[OutputDifference, ...]:
    """Return the difference of every output, or of those named, over all inputs.

    Raises `ModelError` when shapes differ.
    """
    given = reference.inputs[0].name
    if names is None:
        names = [output.name for output in reference.outputs]
    sums = {name: _Sum() for name in names}
    for tensor in tensors:
        answers: list[Mapping[str, NDArray[np.float32]]] = []
        for runner in (reference, candidate):
            runner.input_buffer(given, tensor.shape)[:] = tensor
            answers.append(runner.infer())
        for name, total in sums.items():
            total.add(name, answers[0][name].astype(np.float64), answers[1][name].astype(np.float64))
    return tuple(total.difference(name) for name, total in sums.items())


@dataclass(slots=True)
class _Sum:
    max_abs: float = 0.0
    of_allowed: float = 0.0
    # Squares of the differences, the reference and the candidate, and the product of the latter two.
    squares: NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))

    def add(self, name: str, expected: NDArray[np.float64], given: NDArray[np.float64]) -> None:
        if expected.shape != given.shape:
            raise ModelError(f"output {name!r} must be {expected.shape}, got {given.shape}")
        absolute = np.abs(given - expected)
        if not np.isfinite(absolute).all():
            self.max_abs = self.of_allowed = np.inf
            return
        self.max_abs = max(self.max_abs, float(absolute.max(initial=0.0)))
        allowed = ABSOLUTE + RELATIVE * np.abs(expected)
        self.of_allowed = max(self.of_allowed, float((absolute / allowed).max(initial=0.0)))
        self.squares += [(absolute**2).sum(), (expected**2).sum(), (given**2).sum(), (expected * given).sum()]

    def difference(self, name: str) -> OutputDifference:
        if not np.isfinite(self.max_abs):
            return OutputDifference(name, np.inf, np.inf, np.inf, 0.0)
        error, expected, given, product = self.squares
        if not expected:
            relative, cosine = (np.inf, 0.0) if error else (0.0, 1.0)
        else:
            relative, cosine = np.sqrt(error / expected), product / np.sqrt(expected * given) if given else 0.0
        return OutputDifference(name, self.max_abs, self.of_allowed, float(relative), float(cosine))
