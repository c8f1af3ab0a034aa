# SPDX-License-Identifier: Apache-2.0
"""`ExportReport`: what an export did and how well its files agree with the model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from export.comparison import Agreement
from export.output_difference import OutputDifference


@dataclass(frozen=True, slots=True)
class FileComparison:
    """One ONNX file against PyTorch; `kept` says whether the bundle holds it, `remark` why or how it was made."""

    file: str
    bytes: int
    kept: bool
    remark: str
    outputs: tuple[OutputDifference, ...]
    hands: Agreement

    @property
    def agrees(self) -> bool:
        """Whether every output stays within what is allowed and every decoded hand is the same."""
        return all(output.of_allowed <= 1 for output in self.outputs) and self.hands.complete


@dataclass(frozen=True, slots=True)
class ExportReport:
    """The bundle written, the ONNX opset, how many pictures were compared on, and each file's figures."""

    bundle: Path
    opset: int
    pictures: int
    rendered: bool
    files: tuple[FileComparison, ...]
    self_test_hands: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "bundle": str(self.bundle)}
