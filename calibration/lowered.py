# SPDX-License-Identifier: Apache-2.0
"""`Lowered`: a model in FP16 or INT8 that was judged, and how it came to be as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calibration.judge import Verdict
from calibration.sensitivity import NodeError
from edge.bundle.precision import Precision
from export.output_difference import OutputDifference


@dataclass(frozen=True, slots=True)
class Lowered:
    """One file of a bundle to be.

    `spared` are the nodes that stayed in the next higher precision, each with its reason; `passes` says whether it
    loses no more than `max_drop` points; `method` is how ranges were found, None for FP16; `node_errors` are empty
    where no search was needed.
    """

    precision: Precision
    model: bytes = field(repr=False)
    verdict: Verdict
    drop_points: float
    max_drop: float
    spared: Mapping[str, str]
    outputs: tuple[OutputDifference, ...]
    method: str | None = None
    node_errors: tuple[NodeError, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether the file may be shipped."""
        return self.drop_points <= self.max_drop
