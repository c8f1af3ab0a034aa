# SPDX-License-Identifier: Apache-2.0
"""The GPU of this machine with TensorRT on it: `open_backend` for pipelines, `open_gpu_runner` for single models."""

from __future__ import annotations

import atexit
from functools import cache

from edge.bundle.bundle import Bundle
from edge.bundle.precision import Precision
from edge.engines.backend import Backend, backend_from_machine
from edge.engines.building import build_engine
from edge.engines.flavour import Flavour, load_flavour
from edge.engines.store import EngineStore
from edge.gpu.backend import GpuBackend
from edge.gpu.pycuda_device import PycudaGpu
from edge.runners.stream_runner import StreamRunner
from edge.runners.tensorrt import TensorRtModel


def open_backend(*, cpu_may_take_over: bool = False) -> GpuBackend:
    """Return the GPU with TensorRT on it; engines that are not there yet are built, which may take minutes.

    `cpu_may_take_over` is that of `GpuBackend`. Raises `DependencyError` with what is missing.
    """
    flavour = load_flavour()  # first, for an opened GPU keeps a context
    gpu = process_gpu()
    machine = backend_from_machine(runner_of_plan)
    return GpuBackend(
        gpu,
        lambda bundle: model_of_plan(_plan(bundle, machine), bundle, flavour),
        flavour.title,
        cpu_may_take_over=cpu_may_take_over,
    )


def open_gpu_runner(bundle: Bundle) -> StreamRunner:
    """Return a runner of the bundle's engine, built where it is not there yet.

    Raises `DependencyError` with what is missing, `EngineError` when there can be no engine.
    """
    flavour = load_flavour()
    process_gpu()
    return runner_of_plan(_plan(bundle, backend_from_machine(runner_of_plan)), bundle, flavour)


@cache
def process_gpu() -> PycudaGpu:
    """Return the first GPU, opened once for all of the process. Raises `DependencyError` and `GpuError`."""
    gpu = PycudaGpu()
    atexit.register(gpu.close)
    return gpu


def model_of_plan(plan: bytes, bundle: Bundle, flavour: Flavour) -> TensorRtModel:
    """Return the engine of a plan that was checked. Raises `ModelError`."""
    manifest = bundle.manifest
    outputs = tuple(output.spec() for output in manifest.outputs)
    with process_gpu().current():
        return TensorRtModel(plan, flavour.module, inputs=(manifest.input.spec(),), outputs=outputs)


def runner_of_plan(plan: bytes, bundle: Bundle, flavour: Flavour) -> StreamRunner:
    """Return a runner of a plan that was checked, for `edge.engines`. Raises `ModelError`."""
    manifest = bundle.manifest
    outputs = tuple(output.spec() for output in manifest.outputs)
    model = model_of_plan(plan, bundle, flavour)
    return StreamRunner(model, process_gpu(), inputs=(manifest.input.spec(),), outputs=outputs)


def _plan(bundle: Bundle, machine: Backend) -> bytes:
    """Return the plan for this GPU, in FP16 where the bundle has it and else in FP32, with the default settings.

    Engines in INT8, for a DLA or for named compute capabilities are for programs that ask the store for them.
    """
    precision: Precision = "fp16" if "fp16" in bundle.manifest.models else "fp32"

    def require_self_test(plan: bytes) -> None:
        with machine.run(plan, bundle) as runner:
            bundle.verify(precision=precision, runner=runner)

    key = machine.key(bundle, precision)
    return build_engine(EngineStore(), bundle, key, machine.make, test=require_self_test).plan
