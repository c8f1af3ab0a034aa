# SPDX-License-Identifier: Apache-2.0
"""`compare`: how many times as slow, or as costly, one report is as another, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.bench.report import BenchReport, Block, Case
from edge.errors import UsageError

RESAMPLES = 4000
LEAST_PAIRS = 6
"""Fewer pairs of blocks tell no interval."""
_LEVEL = 95

Verdict = Literal["better", "same", "worse", "unclear"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """`figure` of B over that of A for one case: above 1 is worse; `low` and `high` bound it with 95 % confidence.

    Without enough blocks, or for a figure that has none, `low` and `high` are None.
    """

    case: str
    figure: str
    a: float
    b: float
    ratio: float
    low: float | None = None
    high: float | None = None

    def verdict(self, allowed: float) -> Verdict:
        """Return "worse" where the whole interval lies above 1 + `allowed`."""
        if self.low is None or self.high is None:
            return "unclear"
        if self.low > 1 + allowed:
            return "worse"
        if self.high < 1:
            return "better"
        return "same" if self.high <= 1 + allowed else "unclear"


def compare(a: BenchReport, b: BenchReport) -> list[Ratio]:
    """Return the ratios of every case that both have. Raises `UsageError` when there is none."""
    others = {_key(case): case for case in b.cases}
    pairs = [(case, others[_key(case)]) for case in a.cases if _key(case) in others]
    if not pairs:
        there, here = (", ".join(_named(case) for case in report.cases) for report in (a, b))
        raise UsageError(f"the reports have nothing in common: {there} in A, {here} in B; measure the same in both")
    return [ratio for one, other in pairs for ratio in _ratios(one, other)]


def differences(a: BenchReport, b: BenchReport) -> list[str]:
    """Return sentences on what else differs between the reports, which a ratio may be due to."""
    pairs = {
        "source": (a.source, b.source),
        **{name: (value, getattr(b.machine, name)) for name, value in a.machine},
        **{f"version of {name}": (a.versions.get(name), b.versions.get(name)) for name in {*a.versions, *b.versions}},
    }
    told = [f"{what}: {one} in A, {other} in B" for what, (one, other) in pairs.items() if one != other]
    for report, name in ((a, "A"), (b, "B")):
        for case in report.cases:
            loops = [case.closed, *([case.paced] if case.paced else [])]
            if any(loop.machine.throttled_by or loop.machine.throttle_events for loop in loops):
                told.append(f"{_named(case)}: the machine was throttled in {name}")
    return told


def ratio_of_blocks(
    case: str, figure: str, a: Sequence[Block], b: Sequence[Block], value: Callable[[Block], float]
) -> Ratio:
    """Return the ratio over blocks of the same time of both runs.

    The mean of the logarithms of the pairs' ratios, its interval by the bootstrap over pairs (Efron, 1979).
    """
    count = min(len(a), len(b))
    one, other = (np.array([value(block) for block in blocks[:count]]) for blocks in (a, b))
    logs = np.log(np.maximum(other, 1e-9) / np.maximum(one, 1e-9))
    ratio = float(np.exp(logs.mean()))
    if count < LEAST_PAIRS:
        return Ratio(case, figure, float(one.mean()), float(other.mean()), ratio)
    low, high = np.exp(_interval(logs))
    return Ratio(case, figure, float(one.mean()), float(other.mean()), ratio, float(low), float(high))


def _ratios(a: Case, b: Case) -> list[Ratio]:
    name = _named(a)
    ratios = [
        ratio_of_blocks(name, "ms a frame, closed", a.closed.blocks, b.closed.blocks, lambda one: 1e3 / one.fps),
        ratio_of_blocks(name, "CPU ms a frame, closed", a.closed.blocks, b.closed.blocks, lambda one: one.cpu_ms),
    ]
    if a.paced and b.paced and a.paced.rate_fps == b.paced.rate_fps:
        told = f"ms from capture to result at {a.paced.rate_fps:g} FPS"
        ratios.append(ratio_of_blocks(name, told, a.paced.blocks, b.paced.blocks, lambda one: one.p50_ms))
    energy = a.closed.machine.energy_mj, b.closed.machine.energy_mj
    if energy[0] and energy[1]:
        ratios.append(Ratio(name, "mJ a frame, closed", energy[0], energy[1], energy[1] / energy[0]))
    return ratios


def _interval(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    chosen = np.random.default_rng(0).integers(0, len(logs), (RESAMPLES, len(logs)))
    tail = (100 - _LEVEL) / 2
    return np.asarray(np.percentile(logs[chosen].mean(axis=1), (tail, 100 - tail)), np.float64)


def _key(case: Case) -> tuple[str, ...]:
    return case.kind, case.name, case.precision, case.device


def _named(case: Case) -> str:
    return f"{case.name} {case.precision} on {case.device}"
