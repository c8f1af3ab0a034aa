# SPDX-License-Identifier: Apache-2.0
"""`Backend`: what makes engines on a machine, and what runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.bundle.precision import Precision
from edge.engines.flavour import Flavour, load_flavour
from edge.engines.key import EngineKey, key_from_bundle
from edge.engines.making import ChildMaker, Maker
from edge.engines.memory_limit import limit_from_machine
from edge.engines.settings import EngineSettings
from edge.machine.gpu import find_gpu
from edge.runners.runner import Runner

PlanRunner = Callable[[bytes, Bundle, Flavour], Runner]


@dataclass(frozen=True, slots=True)
class Backend:
    """`key` says which engine a bundle needs here, `make` makes its plan, `run` opens a runner of the plan.

    `run` is given only plans whose hash was checked.
    """

    key: Callable[[Bundle, Precision], EngineKey]
    make: Maker
    run: Callable[[bytes, Bundle], Runner]


def backend_from_machine(
    run: PlanRunner, *, settings: EngineSettings | None = None, memory_mb: int | None = None, root: Path = Path("/")
) -> Backend:
    """Return the backend of this machine's GPU and TensorRT; `run` opens a runner of a plan.

    `memory_mb` bounds a build. Raises `DependencyError` when there is no GPU or no TensorRT.
    """
    gpu = find_gpu()
    flavour = load_flavour()

    def key(bundle: Bundle, precision: Precision) -> EngineKey:
        return key_from_bundle(bundle, precision, flavour, gpu=gpu, settings=settings, root=root)

    maker = ChildMaker(limit_from_machine(gpu, memory_mb=memory_mb))
    return Backend(key, maker, partial(_run, run, flavour))


def _run(run: PlanRunner, flavour: Flavour, plan: bytes, bundle: Bundle) -> Runner:
    return run(plan, bundle, flavour)
