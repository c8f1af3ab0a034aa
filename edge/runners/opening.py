# SPDX-License-Identifier: Apache-2.0
"""`open_runner`: the runner for a bundle on the device that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.device import DeviceName, device_from_name
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.runners.runner import Runner

if TYPE_CHECKING:
    from edge.bundle.bundle import Bundle


def open_runner(bundle: Bundle, *, device: str = "auto", threads: int = 1) -> Runner:
    """Return a runner of the bundle: on the processor of its FP32 model, with `threads` threads for one inference.

    A single model runs on the GPU where that is asked for, and nowhere else. Raises `UsageError` for an unknown device
    and for a number of threads below 1, and `DependencyError` for a device that is not there.
    """
    if device_from_name(device).name == DeviceName.gpu:
        from edge.gpu.opening import open_gpu_runner

        return open_gpu_runner(bundle)
    return OnnxRuntimeRunner.from_bundle(bundle, threads=threads)
