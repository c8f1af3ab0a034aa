# SPDX-License-Identifier: Apache-2.0
"""`open_runner`: the runner for a bundle on the device that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.errors import UsageError
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.runners.runner import Runner

if TYPE_CHECKING:
    from edge.bundle.bundle import Bundle

DEVICES = ("auto", "cpu")


def open_runner(bundle: Bundle, *, device: str = "auto", threads: int = 1) -> Runner:
    """Return a runner of the bundle's FP32 model with `threads` threads for one inference.

    Raises `UsageError` for a device that this version cannot run on and for a number of threads below 1.
    """
    if device not in DEVICES:
        raise UsageError(f"device must be one of {', '.join(DEVICES)}, got {device!r}")
    return OnnxRuntimeRunner.from_bundle(bundle, threads=threads)
