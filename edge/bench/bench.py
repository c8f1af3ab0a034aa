# SPDX-License-Identifier: Apache-2.0
"""`measure_case`: one subject from its loading to its sustained speed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing

from edge.bench.loop import measure_loop
from edge.bench.machine import engines_of
from edge.bench.report import Case, Start
from edge.bench.ring import RingSource
from edge.bench.subject import Subject
from edge.bundle.precision import Precision
from edge.frame import Frame
from edge.telemetry import Telemetry

_FIRST_FRAMES = 120


def measure_case(
    make: Callable[[], Subject],
    frames: Sequence[Frame],
    telemetry: Telemetry,
    *,
    precision: Precision,
    seconds: float,
    warm_up_s: float,
    fps: float,
) -> Case:
    """Load a subject, warm it up, and measure it in a closed loop and at `fps`, each for `seconds`.

    Raises what loading and running raise.
    """
    begin = time.monotonic()
    with closing(make()) as subject:
        load_s = time.monotonic() - begin
        start = _warmed_up(subject, frames, fps=fps, begin=begin, load_s=load_s, warm_up_s=warm_up_s)
        closed, hands = measure_loop(subject, frames, telemetry, seconds=seconds, fps=fps, paced=False)
        paced, _ = measure_loop(subject, frames, telemetry, seconds=seconds, fps=fps, paced=True)
        models = dict(subject.models)
        return Case(
            name=subject.name,
            kind=subject.kind,
            models=models,
            precision=precision,
            device=subject.device.name,
            device_reason=subject.device.reason,
            threads=subject.threads,
            hands_a_frame=hands,
            start=start,
            closed=closed,
            paced=paced,
            engines=engines_of(models) if subject.device.name == "gpu" else {},
        )


def _warmed_up(
    subject: Subject, frames: Sequence[Frame], *, fps: float, begin: float, load_s: float, warm_up_s: float
) -> Start:
    """Run closed for `warm_up_s`, at least one frame, and return how the first frames went."""
    first_result_s, work_ms = 0.0, list[float]()
    showing = subject.start(RingSource(frames, fps=fps, paced=False))
    end = time.monotonic() + warm_up_s
    for shown in showing:
        first_result_s = first_result_s or time.monotonic() - begin
        if len(work_ms) < _FIRST_FRAMES:
            work_ms.append(sum(shown.stages_ms.values()))
        if time.monotonic() >= end:
            showing.stop()
    return Start(load_s=load_s, first_result_s=first_result_s, first_frames_ms=tuple(work_ms))
