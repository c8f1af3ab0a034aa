# SPDX-License-Identifier: Apache-2.0
"""`PrecisionReport`: what became of a bundle's precisions, for people and programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from calibration.coverage import Coverage
from calibration.judge import Verdict
from calibration.lowered import Lowered


@dataclass(frozen=True, slots=True)
class PrecisionReport:
    """The bundle written, None where no precision passed, and the figures of every precision that was tried.

    `labelled` says whether labels of the pictures judged, or the float32 model's own answers; `rendered` whether the
    pictures are scenes; `latency_ratio` is how long one inference takes on this machine's CPU as a share of float32's.
    """

    bundle: Path | None
    labelled: bool
    rendered: bool
    reference: Verdict
    reference_bytes: int
    lowered: tuple[Lowered, ...]
    latency_ratio: dict[str, float]
    coverage: Coverage | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        document = asdict(self)
        document["bundle"] = None if self.bundle is None else str(self.bundle)
        for entry, lowered in zip(document["lowered"], self.lowered, strict=True):
            entry["bytes"] = len(entry.pop("model"))
            entry["written"] = lowered.passes
        return document
