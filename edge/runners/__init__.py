# SPDX-License-Identifier: Apache-2.0
"""Runners: one file per engine that can execute a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.runners.fake import FakeRunner
from edge.runners.runner import Runner
from edge.runners.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from edge.runners.onnxruntime import OnnxRuntimeRunner

__all__ = ["FakeRunner", "OnnxRuntimeRunner", "Runner", "TensorSpec"]


def __getattr__(name: str) -> object:
    if name == "OnnxRuntimeRunner":
        from edge.runners.onnxruntime import OnnxRuntimeRunner

        return OnnxRuntimeRunner
    raise AttributeError(f"module 'edge.runners' has no attribute {name!r}")
