# SPDX-License-Identifier: Apache-2.0
"""`ChildMaker`: plans built in a process of their own, which may crash, hang or take too much memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from edge.engines.builder import BuildCancelled, BuildMemoryError
from edge.engines.child import MODEL_FILE, PLAN_FILE, TIMINGS_FILE
from edge.engines.child_process import ChildProcess
from edge.engines.key import EngineKey
from edge.engines.memory_limit import MemoryLimit
from edge.engines.progress import BuildProgress
from edge.engines.sidecar import BuildNotes
from edge.errors import DependencyError, EdgeError, EngineError

_LEAST_WORKSPACE_MB = 32
_TRIES = 3

OnProgress = Callable[[BuildProgress], None]
IsCancelled = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Made:
    """A plan, the timings of its kernels, and what is to be noted about it."""

    plan: bytes
    timings: bytes
    notes: BuildNotes


class Maker(Protocol):
    """Makes the plan of `key` from ONNX; `scratch` is an empty folder for its files."""

    def __call__(
        self,
        onnx: bytes,
        key: EngineKey,
        scratch: Path,
        *,
        timings: bytes,
        on_progress: OnProgress,
        is_cancelled: IsCancelled,
    ) -> Made:
        """Return the plan. Raises `EngineError`, `BuildCancelled` soon after `is_cancelled` became true."""


@dataclass(frozen=True, slots=True)
class ChildMaker:
    """Makes plans in a child process within `limit`; where memory does not suffice, again with half the workspace.

    Any exception that passes through, as that of Ctrl-C, ends the child.
    """

    limit: MemoryLimit

    def __call__(
        self,
        onnx: bytes,
        key: EngineKey,
        scratch: Path,
        *,
        timings: bytes,
        on_progress: OnProgress,
        is_cancelled: IsCancelled,
    ) -> Made:
        """Return the plan that a child built. Raises what `build_plan` does, `EngineError` also when it crashed."""
        began_s = time.monotonic()
        (scratch / MODEL_FILE).write_bytes(onnx)
        (scratch / TIMINGS_FILE).write_bytes(timings)
        workspace_mb, tries_left = key.settings.workspace_mb or self.limit.workspace_mb, _TRIES
        while True:
            tries_left -= 1
            try:
                answer = self._build(key, scratch, workspace_mb, on_progress, is_cancelled)
                break
            except BuildMemoryError:
                if not tries_left or workspace_mb // 2 < _LEAST_WORKSPACE_MB:
                    raise
                workspace_mb //= 2
        notes = BuildNotes(
            seconds=round(time.monotonic() - began_s, 3),
            workspace_mb=workspace_mb,
            gpu_layers=tuple(answer["gpu_layers"]),
            warnings=tuple(answer["warnings"]),
        )
        return Made((scratch / PLAN_FILE).read_bytes(), (scratch / TIMINGS_FILE).read_bytes(), notes)

    def _build(
        self, key: EngineKey, scratch: Path, workspace_mb: int, on_progress: OnProgress, is_cancelled: IsCancelled
    ) -> dict[str, Any]:
        request = {"key": key.model_dump_json(), "folder": str(scratch), "workspace_mb": workspace_mb}
        answer: dict[str, Any] | None = None
        with ChildProcess(request, scratch) as child:
            for line in child.lines():
                excess = self.limit.excess(child.pid)
                if excess is not None:
                    raise BuildMemoryError(f"out of memory, with {workspace_mb} MB of workspace: {excess}")
                if is_cancelled():
                    child.stop()
                if line is None:
                    continue
                if "fraction" in line:
                    on_progress(BuildProgress(**line))
                else:
                    answer = line
            if answer is not None and "failed" not in answer:
                return answer
            raise _failure(answer, child, workspace_mb, is_cancelled=is_cancelled())


def _failure(answer: dict[str, Any] | None, child: ChildProcess, workspace_mb: int, *, is_cancelled: bool) -> EdgeError:
    if answer is not None:
        kinds: dict[str, type[EdgeError]] = {
            "cancelled": BuildCancelled,
            "memory": BuildMemoryError,
            "dependency": DependencyError,
        }
        return kinds.get(answer["failed"], EngineError)(answer["message"])
    if is_cancelled:
        return BuildCancelled("the build was stopped; nothing was written")
    how = child.end()
    if child.was_killed:
        return BuildMemoryError(f"out of memory, with {workspace_mb} MB of workspace: the system killed the build")
    return EngineError(f"the building process ended without an answer ({how}); try again, and report it if it stays so")
