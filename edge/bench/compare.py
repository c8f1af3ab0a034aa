# SPDX-License-Identifier: Apache-2.0
"""`compare`: how many times as slow, or as costly, one report is as another, with intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.bench.report import BenchReport, Block, Case, Loop
from edge.errors import UsageError

RESAMPLES = 4000
LEAST_PAIRS = 6
"""Fewer pairs of blocks tell no interval."""
_LEVEL, _DEVIATIONS = 95, 1.96
_HANDS_DIFFER = 0.05
_ENERGY = "mJ a frame, closed"

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


def hindrances(a: BenchReport, b: BenchReport, ratios: Sequence[Ratio]) -> list[str]:
    """Return sentences on why B cannot be judged by A."""
    there = {_key(case): case for case in b.cases}
    told = [f"{_named(case)} is missing in B" for case in a.cases if _key(case) not in there]
    if a.seconds != b.seconds:
        told.append(f"A's loops took {a.seconds:g} s, B's {b.seconds:g} s")
    for case in a.cases:
        other = there.get(_key(case))
        if other and _rate(case) != _rate(other):
            told.append(f"{_named(case)} had {_rate(case)} in A, {_rate(other)} in B")
    told += [
        f"{ratio.case}: {ratio.figure} has fewer than {LEAST_PAIRS} blocks"
        for ratio in ratios
        if ratio.low is None and ratio.figure != _ENERGY
    ]
    return told


def differences(a: BenchReport, b: BenchReport) -> list[str]:
    """Return sentences on what else differs between the reports, which a ratio may be due to."""
    pairs: dict[str, tuple[object, object]] = {
        "source": (a.source, b.source),
        "picture": (a.picture_wh, b.picture_wh),
        "seconds a loop": (a.seconds, b.seconds),
        "seconds of warming up": (a.warm_up_s, b.warm_up_s),
        **{name: (value, getattr(b.machine, name)) for name, value in a.machine},
        **{f"version of {name}": (a.versions.get(name), b.versions.get(name)) for name in {*a.versions, *b.versions}},
    }
    there, here = ({_key(case): case for case in report.cases} for report in (a, b))
    for key, case in there.items():
        if key in here:
            name, other = _named(case), here[key]
            pairs[f"{name}: threads"] = case.threads, other.threads
            pairs[f"{name}: models"] = _models(case), _models(other)
            pairs[f"{name}: camera"] = _rate(case), _rate(other)
            if not math.isclose(case.hands_a_frame, other.hands_a_frame, rel_tol=_HANDS_DIFFER):
                pairs[f"{name}: hands a frame"] = f"{case.hands_a_frame:.2f}", f"{other.hands_a_frame:.2f}"
    told = [f"{what}: {one} in A, {other} in B" for what, (one, other) in pairs.items() if one != other]
    told += [f"{_named(there[key])} is missing in B" for key in there if key not in here]
    told += [f"{_named(here[key])} is missing in A" for key in here if key not in there]
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
        ratios.append(_ratio_of_drops(name, a.paced, b.paced))
    energy = a.closed.machine.energy_mj, b.closed.machine.energy_mj
    if energy[0] and energy[1]:
        ratios.append(Ratio(name, _ENERGY, energy[0], energy[1], energy[1] / energy[0]))
    return ratios


def _ratio_of_drops(case: str, a: Loop, b: Loop) -> Ratio:
    """Return the ratio of camera frames that a result takes, its interval from the normal law of their logarithm."""
    lost, shown = (
        np.array(counts, np.float64) for counts in zip(*((_drops(one), one.frames) for one in (a, b)), strict=True)
    )
    taken = (lost + shown) / shown
    log = float(np.log(taken[1] / taken[0]))
    half = _DEVIATIONS * float(np.sqrt((lost / shown / (lost + shown)).sum()))
    low, high = math.exp(log - half), math.exp(log + half)
    told = f"camera frames a result at {a.rate_fps:g} FPS"
    return Ratio(case, told, float(taken[0]), float(taken[1]), math.exp(log), low, high)


def _drops(loop: Loop) -> int:
    return sum(loop.dropped.values())


def _interval(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    chosen = np.random.default_rng(0).integers(0, len(logs), (RESAMPLES, len(logs)))
    tail = (100 - _LEVEL) / 2
    return np.asarray(np.percentile(logs[chosen].mean(axis=1), (tail, 100 - tail)), np.float64)


def _key(case: Case) -> tuple[str, ...]:
    return case.kind, case.name, case.precision, case.device


def _named(case: Case) -> str:
    return f"{case.name} {case.precision} on {case.device}"


def _models(case: Case) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(case.models.items()))


def _rate(case: Case) -> str:
    return f"{case.paced.rate_fps:g} FPS" if case.paced and case.paced.rate_fps else "no rate"
