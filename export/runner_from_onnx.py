# SPDX-License-Identifier: Apache-2.0
"""An ONNX file in memory behind the contract of its model."""

from __future__ import annotations

from edge.bundle.contract import ModelContract
from edge.runners.onnxruntime import OnnxRuntimeRunner


def runner_from_onnx(contract: ModelContract, model: bytes, *, threads: int = 1) -> OnnxRuntimeRunner:
    """Return a runner held to `contract`. Raises `ModelError` and `BundleFormatError` as the runner does."""
    outputs = tuple(output.spec() for output in contract.outputs)
    return OnnxRuntimeRunner(model, inputs=(contract.input.spec(),), outputs=outputs, threads=threads)
