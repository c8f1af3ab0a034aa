# SPDX-License-Identifier: Apache-2.0
"""`MemoryLimit`: how much memory a build may take, and whether it has taken more."""

from __future__ import annotations

from dataclasses import dataclass

from edge.machine.gpu import Gpu
from edge.machine.memory import available_mb, resident_mb

_MB = 2**20
_LEAST_WORKSPACE_MB, _MOST_WORKSPACE_MB = 64, 8192
_UNKNOWN_MB = 4096


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """`resident_mb` is what the process may hold, `reserve_mb` what must stay free for all others.

    The second matters on a Jetson, where the GPU takes its memory from the same chips and no process is charged for it.
    `workspace_mb` is for kernels to choose from, where the settings name none.
    """

    resident_mb: int
    reserve_mb: int
    workspace_mb: int

    def excess(self, pid: int) -> str | None:
        """Return what process `pid` does beyond the limit, None where it keeps it."""
        held_mb, free_mb = resident_mb(pid), available_mb()
        if held_mb is not None and held_mb > self.resident_mb:
            return f"the build holds {held_mb} MB where {self.resident_mb} MB are allowed"
        if free_mb is not None and free_mb < self.reserve_mb:
            return f"{free_mb} MB are left on this machine where {self.reserve_mb} MB must stay free"
        return None


def limit_from_machine(gpu: Gpu | None, *, memory_mb: int | None = None) -> MemoryLimit:
    """Return a limit for a build now: `memory_mb`, by default all that is free but a tenth, which stays so."""
    free_mb = available_mb() or _UNKNOWN_MB
    reserve_mb = free_mb // 10
    allowed_mb = free_mb - reserve_mb if memory_mb is None else memory_mb
    room_mb = allowed_mb if gpu is None or gpu.integrated else gpu.memory_bytes // _MB
    workspace_mb = min(max(room_mb // 2, _LEAST_WORKSPACE_MB), _MOST_WORKSPACE_MB)
    return MemoryLimit(allowed_mb, reserve_mb, workspace_mb)
