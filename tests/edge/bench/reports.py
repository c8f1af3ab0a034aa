# SPDX-License-Identifier: Apache-2.0
"""Reports of machines that never were, whose blocks are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge.bench.loop import machine_figures
from edge.bench.report import BenchReport, Block, Case, Distribution, Loop, MachineCard, Start
from edge.bench.reservoir import Reservoir
from edge.telemetry import Readings

BLIND = (Readings(0), Readings(10**9, unknown={"energy_j": "there is no sensor"}))
CARD: dict[str, Any] = {"cores": 2, "memory_mb": 1, "system": "s", "kernel": "k"}


def times_ms(seed: int, *, blocks: int = 40, mean_ms: float = 10.0, noise: float = 0.03) -> list[float]:
    """Return the time of a frame in each block."""
    return list(mean_ms * np.random.default_rng(seed).lognormal(0.0, noise, blocks))


def report_of(frame_ms: Sequence[float], *, factor: float = 1.0, readings: Sequence[Readings] = BLIND) -> BenchReport:
    """Return a report of a pipeline whose frames took `factor` times as long, block by block."""
    slowed_ms = [factor * one for one in frame_ms]
    loop = Loop(
        rate_fps=None,
        seconds=sum(slowed_ms) / 10,
        frames=100 * len(slowed_ms),
        fps=1e3 / float(np.mean(slowed_ms)),
        time_ms=distribution_of(slowed_ms),
        stages_ms={"infer": distribution_of(slowed_ms)},
        dropped={},
        cpu_ms=float(np.mean(slowed_ms)),
        thread_cpu_ms={"lane 0": 9.0},
        resident_mb=300,
        blocks=tuple(
            Block(start_s=float(place), seconds=one / 10, frames=100, p50_ms=one, cpu_ms=one)
            for place, one in enumerate(slowed_ms)
        ),
        machine=machine_figures(readings, 100 * len(slowed_ms)),
    )
    card = MachineCard(processor="one", **CARD, board=None, jetpack=None, power_mode=None, gpu=None)
    return BenchReport(
        schema="edge.bench/1",
        measured="2026-01-01T00:00:00+00:00",
        machine=card,
        versions={"edge-hands": "0.1.0"},
        source="test:hands",
        picture_wh=(640, 480),
        seconds=30.0,
        warm_up_s=5.0,
        cases=(case_of(loop),),
    )


def case_of(loop: Loop) -> Case:
    """Return the case of a pipeline that went round like this."""
    return Case(
        name="pipeline",
        kind="pipeline",
        models={"hand-detector": "1.0.0"},
        precision="fp32",
        device="cpu",
        device_reason="asked for",
        threads=2,
        hands_a_frame=2.0,
        start=Start(load_s=0.5, first_result_s=0.6, first_frames_ms=(30.0, 10.0, 10.0)),
        closed=loop,
        paced=loop.model_copy(update={"rate_fps": 30.0, "dropped": {"not fetched in time": 3}}),
    )


def distribution_of(values_ms: Sequence[float]) -> Distribution:
    """Return the distribution of these times."""
    reservoir = Reservoir()
    for value in values_ms:
        reservoir.add(value)
    return reservoir.distribution()
