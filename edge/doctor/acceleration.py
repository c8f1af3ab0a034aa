# SPDX-License-Identifier: Apache-2.0
"""The GPU, the TensorRT that is installed, and the engines that were built."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from edge.doctor.finding import Finding, Status, finding_from_error
from edge.engines.flavour import FLAVOURS, load_flavour
from edge.engines.here import find_here
from edge.engines.store import EngineStore, default_folder
from edge.errors import DependencyError, EdgeError
from edge.machine.board import find_board
from edge.machine.gpu import find_gpu


def examine_acceleration(device: str) -> Iterator[Finding]:
    """Yield GPU, TensorRT and engines; with `device` "gpu" they must be there."""
    needed: Status = "problem" if device == "gpu" else "note" if find_board() else "ok"
    try:
        gpu = find_gpu()
    except DependencyError as error:
        yield finding_from_error("acceleration", "GPU", error, status=needed)
    else:
        told = f"{gpu.name}, sm {gpu.sm}, {gpu.memory_bytes / 2**30:.1f} GB, CUDA {gpu.cuda} in its driver"
        yield Finding("acceleration", "GPU", told)
    installed = 0
    for name in FLAVOURS:
        if importlib.util.find_spec(name) is None:
            continue
        installed += 1
        try:
            yield Finding("acceleration", name, load_flavour(name).version)
        except DependencyError as error:
            yield finding_from_error("acceleration", name, error)
    if not installed:
        remedy = "pip install 'edge-hands[gpu]', on a Jetson apt install python3-libnvinfer"
        yield Finding("acceleration", "TensorRT", "not installed", needed, remedy)
    yield _engines()


def _engines() -> Finding:
    try:
        folder = default_folder()
        if not folder.exists():
            return Finding("acceleration", "engines", f"none in {folder}")
        sidecars = EngineStore(folder).sidecars()
    except EdgeError as error:
        return finding_from_error("acceleration", "engines", error)
    here = find_here()
    useless = sum(here.misfit(one.key) is not None for one in sidecars)
    told = f"{len(sidecars)} in {folder}"
    if not useless:
        return Finding("acceleration", "engines", told)
    return Finding("acceleration", "engines", f"{told}, {useless} of no use here", "note", "edge-export engines prune")
