# SPDX-License-Identifier: Apache-2.0
"""`BuildProgress`: how far a build is, from the nested phases that TensorRT reports."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.engines.flavour import Flavour


@dataclass(frozen=True, slots=True)
class BuildProgress:
    """Fraction done from 0 to 1, the innermost phase, seconds since the start, seconds left (None at first)."""

    fraction: float
    phase: str
    elapsed_s: float
    left_s: float | None


@dataclass(slots=True)
class _Phase:
    parent: str | None
    steps: int
    done: int = 0


class Phases:
    """The phases of one build; `start`, `step` and `finish` return the progress after the event.

    TensorRT opens a phase within a step of another, so the fraction of the outermost is that of all. It never falls:
    a step may open several phases after one another.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began_s = clock()
        self._phases: dict[str, _Phase] = {}
        self._fraction = 0.0

    def start(self, name: str, parent: str | None, steps: int) -> BuildProgress:
        """Note that a phase of so many steps begins."""
        self._phases[name] = _Phase(parent, max(steps, 1))
        return self._progress(name)

    def step(self, name: str, step: int) -> BuildProgress:
        """Note that step number `step` of a phase is done."""
        phase = self._phases.get(name)
        if phase is not None:
            phase.done = min(step + 1, phase.steps)
        return self._progress(name)

    def finish(self, name: str) -> BuildProgress:
        """Note that a phase is over."""
        self._phases.pop(name, None)
        return self._progress(name)

    def _progress(self, name: str) -> BuildProgress:
        roots = [self._share(root) for root, phase in self._phases.items() if phase.parent not in self._phases]
        self._fraction = max(self._fraction, *roots, 0.0)
        elapsed_s = self._clock() - self._began_s
        left_s = elapsed_s * (1 - self._fraction) / self._fraction if self._fraction > 0 else None
        return BuildProgress(self._fraction, name, elapsed_s, left_s)

    def _share(self, name: str) -> float:
        phase = self._phases[name]
        inner = max((self._share(child) for child, other in self._phases.items() if other.parent == name), default=0.0)
        return min((phase.done + inner) / phase.steps, 1.0)


def monitor_from_phases(
    flavour: Flavour, on_progress: Callable[[BuildProgress], None], is_cancelled: Callable[[], bool]
) -> Any:
    """Return an `IProgressMonitor` that reports to `on_progress` and ends the build once `is_cancelled`."""
    phases = Phases()

    class Monitor(flavour.module.IProgressMonitor):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()

        def phase_start(self, name: str, parent: str | None, steps: int) -> None:
            on_progress(phases.start(name, parent, steps))

        def step_complete(self, name: str, step: int) -> bool:
            on_progress(phases.step(name, step))
            return not is_cancelled()

        def phase_finish(self, name: str) -> None:
            on_progress(phases.finish(name))

    return Monitor()
