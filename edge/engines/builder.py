# SPDX-License-Identifier: Apache-2.0
"""`build_plan`: ONNX to a serialised engine, strongly typed, with the API that all flavours share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.engines.flavour import Flavour
from edge.engines.key import EngineKey
from edge.engines.log import BuildLog
from edge.engines.progress import BuildProgress, monitor_from_phases
from edge.engines.timing_cache import set_timing_cache, timing_cache_from_config
from edge.errors import DependencyError, EngineError

_MB = 2**20
_SHOWN_PROBLEMS = 3


class BuildCancelled(EngineError):  # noqa: N818 - what happened, not a fault
    """A build was stopped on request."""


class BuildMemoryError(EngineError):
    """A build needed more memory than there is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A serialised engine, the timings that choosing its kernels took, and layers that a DLA left to the GPU."""

    content: bytes
    timing_cache: bytes
    gpu_layers: tuple[str, ...]
    warnings: tuple[str, ...]


def build_plan(
    onnx: bytes,
    key: EngineKey,
    flavour: Flavour,
    *,
    workspace_mb: int,
    timing_cache: bytes = b"",
    on_progress: Callable[[BuildProgress], None] = lambda _: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Plan:
    """Build the engine that `key` describes from the bytes of its ONNX file.

    Raises `EngineError` with the operator that cannot be built, `BuildMemoryError` when memory did not suffice,
    `BuildCancelled` soon after `is_cancelled` became true, `DependencyError` for a GPU or DLA that is not there.
    """
    log = BuildLog()
    builder = flavour.module.Builder(log.logger(flavour))
    network = _parse(onnx, builder, flavour, log)
    config = builder.create_builder_config()
    config.progress_monitor = monitor_from_phases(flavour, on_progress, is_cancelled)
    _configure(config, builder, key, flavour, workspace_mb)
    gpu_layers = _place_on_dla(config, builder, network, key, flavour)
    set_timing_cache(config, flavour, timing_cache)
    serialized = builder.build_serialized_network(network, config)
    if serialized is None:
        raise _failure(log, flavour, is_cancelled=is_cancelled(), workspace_mb=workspace_mb)
    content = bytes(serialized)
    return Plan(content, timing_cache_from_config(config, flavour), gpu_layers, tuple(log.warnings))


def _parse(onnx: bytes, builder: Any, flavour: Flavour, log: BuildLog) -> Any:
    trt = flavour.module
    # The bit has another number in TensorRT 10 than in 11, where it is ignored.
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    if network is None:
        raise _failure(log, flavour)
    parser = trt.OnnxParser(network, log.logger(flavour))
    if not parser.parse(onnx):
        problems = [_told(parser.get_error(number)) for number in range(parser.num_errors)]
        told = "; ".join(problems[:_SHOWN_PROBLEMS]) or log.reason
        raise EngineError(
            f"{flavour.title} cannot read the model: {told}; export it with other operators, or cut the graph before"
        )
    return network


def _told(problem: Any) -> str:
    """Return a problem of the parser with the operator and the node it is about."""
    return f"{problem.node_operator()} {problem.node_name() or problem.node()}: {' '.join(problem.desc().split())}"


def _configure(config: Any, builder: Any, key: EngineKey, flavour: Flavour, workspace_mb: int) -> None:
    trt = flavour.module
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, workspace_mb * _MB)
    config.builder_optimization_level = key.settings.optimization_level
    # Names and shapes of layers, for `trtexec` and for finding out what is slow.
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    if not key.settings.tf32:
        config.clear_flag(trt.BuilderFlag.TF32)
    profile = builder.create_optimization_profile()
    shapes = key.shapes
    profile.set_shape(shapes.name, shapes.smallest, shapes.usual, shapes.largest)
    if config.add_optimization_profile(profile) < 0:
        raise EngineError(
            f"{flavour.title} refuses input {shapes.name!r} from {shapes.smallest} to {shapes.largest};"
            " the manifest and the model disagree, export the bundle again"
        )
    if key.gpu is None:
        _target(config, key.sms, flavour)


def _target(config: Any, sms: tuple[int, ...], flavour: Flavour) -> None:
    """Build for compute capabilities instead of the GPU that is there."""
    if flavour.name != "tensorrt_rtx":
        raise DependencyError(f"{flavour.title} builds for the GPU of this machine alone; take tensorrt_rtx for others")
    names = flavour.module.ComputeCapability.__members__
    unknown = [str(sm) for sm in sms if f"SM{sm}" not in names]
    if unknown:
        choices = ", ".join(name[2:] for name in names if name.startswith("SM"))
        raise DependencyError(
            f"{flavour.title} cannot build for compute capability {', '.join(unknown)} without such a GPU;"
            f" it knows {choices}"
        )
    config.num_compute_capabilities = len(sms)
    for place, sm in enumerate(sms):
        config.set_compute_capability(names[f"SM{sm}"], place)


def _place_on_dla(
    config: Any,
    builder: Any,
    network: Any,
    key: EngineKey,
    flavour: Flavour,
) -> tuple[str, ...]:
    """Put on the DLA what it takes; return the layers left to the GPU as `name (kind)`."""
    core = key.settings.dla_core
    if core is None:
        return ()
    if core >= builder.num_DLA_cores:
        raise DependencyError(
            f"there is no DLA core {core}: {flavour.title} sees {builder.num_DLA_cores} on this machine; leave --dla"
            " out (TensorRT 10.8 to 11.3 have no DLA, and Thor and Orin Nano have none)"
        )
    trt = flavour.module
    config.default_device_type = trt.DeviceType.DLA
    config.DLA_core = core
    config.set_flag(trt.BuilderFlag.GPU_FALLBACK)
    return _gpu_layers(config, network)


def _gpu_layers(config: Any, network: Any) -> tuple[str, ...]:
    layers = [network.get_layer(number) for number in range(network.num_layers)]
    return tuple(f"{layer.name} ({layer.type.name})" for layer in layers if not config.can_run_on_DLA(layer))


def _failure(log: BuildLog, flavour: Flavour, *, is_cancelled: bool = False, workspace_mb: int = 0) -> EngineError:
    if is_cancelled:
        return BuildCancelled("the build was stopped; nothing was written")
    if log.speaks_of_memory:
        return BuildMemoryError(f"out of memory, with {workspace_mb} MB of workspace ({log.reason})")
    return EngineError(f"{flavour.title} built no engine: {log.reason}")
