# SPDX-License-Identifier: Apache-2.0
"""The machine card of a report, and the versions that its figures depend on."""

from __future__ import annotations

import importlib.metadata
import platform
import re
from pathlib import Path

from edge.bench.report import MachineCard
from edge.engines.here import Here, find_here
from edge.engines.store import EngineStore
from edge.errors import EdgeError
from edge.machine.board import find_board
from edge.machine.memory import total_mb
from edge.pipeline.threads import available_cores
from edge.telemetry import Readings

_PACKAGES = ("edge-hands", "numpy", "onnxruntime", "opencv-python-headless", "tensorrt", "tensorrt_rtx", "pycuda")
_OS_NAME = re.compile(r'^PRETTY_NAME="?([^"\n]*)', re.MULTILINE)
_PROCESSOR = re.compile(r"^(?:model name|Hardware)\s*:\s*(.+)$", re.MULTILINE)


def card_from_machine(readings: Readings) -> MachineCard:
    """Return what this machine is."""
    here, board = find_here(), find_board()
    system = _OS_NAME.search(_text("/etc/os-release"))
    processor = _PROCESSOR.search(_text("/proc/cpuinfo"))
    return MachineCard(
        processor=processor[1] if processor else platform.machine(),
        cores=available_cores(),
        memory_mb=total_mb(),
        system=system[1] if system else platform.system(),
        kernel=platform.release(),
        board=board.model if board else None,
        jetpack=board.jetpack if board else None,
        power_mode=readings.power_mode,
        gpu=_told_gpu(here),
    )


def versions_here() -> dict[str, str]:
    """Return the versions of the packages that run models, and of Python."""
    installed = {name: found.version for name in _PACKAGES for found in importlib.metadata.distributions(name=name)}
    return {"python": platform.python_version()} | installed


def engines_of(models: dict[str, str]) -> dict[str, dict[str, object]]:
    """Return the key of the engine of each model that has one for this machine."""
    here = find_here()
    try:
        sidecars = EngineStore().sidecars()
    except EdgeError:
        return {}
    return {
        one.bundle: {"digest": one.key.digest, **one.key.model_dump(mode="json")}
        for one in sidecars
        if models.get(one.bundle) == one.bundle_version and here.misfit(one.key) is None
    }


def _told_gpu(here: Here) -> str | None:
    return None if here.gpu is None else f"{here.gpu.name}, sm {here.gpu.sm}, CUDA {here.gpu.cuda} in its driver"


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
