# SPDX-License-Identifier: Apache-2.0
"""The process in which an engine is built: `python -m edge.engines.child`, started by `edge.engines.making.ChildMaker`.

It reads one JSON object on standard input, writes the plan into its folder, and tells on standard output, one JSON
object a line, how far it is and how it ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from edge.engines.builder import BuildCancelled, BuildMemoryError, build_plan
from edge.engines.flavour import load_flavour
from edge.engines.key import EngineKey
from edge.errors import DependencyError, EdgeError

MODEL_FILE, PLAN_FILE, TIMINGS_FILE = "model.onnx", "plan", "timings"
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Build what standard input asks for; the exit code is 0 whenever the last line says how it ended."""
    told = _own_standard_output()
    request = json.loads(sys.stdin.readline())
    _die_with_parent(request["parent"])
    try:
        answer = _build(request, told)
    except (EdgeError, MemoryError) as error:
        answer = {"failed": _kind(error), "message": str(error) or "out of memory"}
    _tell(told, answer)


def _build(request: dict[str, object], told: TextIO) -> dict[str, object]:
    cancelled = False

    def cancel(*_: object) -> None:
        nonlocal cancelled
        cancelled = True

    signal.signal(signal.SIGTERM, cancel)
    key = EngineKey.model_validate_json(str(request["key"]))
    folder = Path(str(request["folder"]))
    timings = folder / TIMINGS_FILE
    plan = build_plan(
        (folder / MODEL_FILE).read_bytes(),
        key,
        load_flavour(key.flavour),
        workspace_mb=int(str(request["workspace_mb"])),
        timing_cache=timings.read_bytes() if timings.exists() else b"",
        on_progress=lambda progress: _tell(told, asdict(progress)),
        is_cancelled=lambda: cancelled,
    )
    (folder / PLAN_FILE).write_bytes(plan.content)
    timings.write_bytes(plan.timing_cache)
    return {"built": True, "gpu_layers": plan.gpu_layers, "warnings": plan.warnings}


def _kind(error: BaseException) -> str:
    """Return the name under which the parent raises it again."""
    kinds: dict[str, tuple[type[BaseException], ...]] = {
        "cancelled": (BuildCancelled,),
        "memory": (BuildMemoryError, MemoryError),
        "dependency": (DependencyError,),
    }
    return next((name for name, kind in kinds.items() if isinstance(error, kind)), "other")


def _tell(told: TextIO, line: dict[str, object]) -> None:
    told.write(json.dumps(line) + "\n")
    told.flush()


def _own_standard_output() -> TextIO:
    """Return standard output for this alone; what libraries print there goes to standard error."""
    descriptor = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def _die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent ends, however it ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main()
