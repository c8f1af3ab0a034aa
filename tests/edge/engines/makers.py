# SPDX-License-Identifier: Apache-2.0
"""Makers whose plan is the ONNX file itself: ONNX Runtime executes it, so that everything around a plan can run."""

from __future__ import annotations

import time
from pathlib import Path

from edge.engines.builder import BuildCancelled
from edge.engines.key import EngineKey
from edge.engines.making import IsCancelled, Made, OnProgress
from edge.engines.progress import BuildProgress
from edge.engines.sidecar import BuildNotes
from edge.errors import EngineError

STEPS = 50


class OnnxMaker:
    """Copies ONNX in 50 steps of `step_s` seconds; `fault` is raised at the end, `spoil` makes a plan of its own."""

    def __init__(self, *, step_s: float = 0.0, fault: EngineError | None = None, plan: bytes | None = None) -> None:
        self.made = 0
        self._step_s, self._fault, self._plan = step_s, fault, plan

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
        del key
        plan = onnx if self._plan is None else self._plan
        with (scratch / "plan").open("wb") as stream:
            for step in range(STEPS):
                if is_cancelled():
                    raise BuildCancelled("the build was stopped; nothing was written")
                stream.write(plan[step * len(plan) // STEPS : (step + 1) * len(plan) // STEPS])
                stream.flush()
                on_progress(BuildProgress((step + 1) / STEPS, "copying", 0.0, None))
                time.sleep(self._step_s)
        if self._fault is not None:
            raise self._fault
        self.made += 1
        notes = BuildNotes(seconds=0.1, workspace_mb=64)
        return Made((scratch / "plan").read_bytes(), timings + b"t", notes)
