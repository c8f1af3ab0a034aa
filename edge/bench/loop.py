# SPDX-License-Identifier: Apache-2.0
"""`measure_loop`: a subject on frames for some seconds, closed or at a camera's rate, and all that it cost."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean, median

from edge.bench.report import Block, Loop, MachineFigures, TelemetrySample
from edge.bench.reservoir import Reservoir
from edge.bench.ring import RingSource
from edge.bench.subject import Shown, Subject
from edge.frame import Frame
from edge.machine.memory import resident_mb
from edge.telemetry import Readings, Sampler, Telemetry
from edge.telemetry.threads import ThreadTime, thread_times

MOST_BLOCKS, LEAST_BLOCK_S = 60, 0.05


class _Record:
    """Times as they come, and blocks of `block_s`."""

    def __init__(self, block_s: float, frames: RingSource) -> None:
        self.time = Reservoir()
        self.stages: defaultdict[str, Reservoir] = defaultdict(Reservoir)
        self.blocks: list[Block] = []
        self.hands = self.frames = 0
        self._source = frames
        self._block_s = block_s
        self._in_block_ms: list[float] = []
        self.begin_ns = self.latest_ns = self._edge_ns = time.monotonic_ns()
        self.begin_cpu_s = self._edge_cpu_s = time.process_time()

    def add(self, shown: Shown) -> None:
        """Record one frame, at the time of the call."""
        now_ns = self.latest_ns = time.monotonic_ns()
        paced = self._source.live
        time_ms = (now_ns - self._source.captured_ns(shown.index)) / 1e6 if paced else sum(shown.stages_ms.values())
        self.frames += 1
        self.hands += shown.hands
        self.time.add(time_ms)
        for stage, stage_ms in shown.stages_ms.items():
            self.stages[stage].add(stage_ms)
        self._in_block_ms.append(time_ms)
        if (now_ns - self._edge_ns) / 1e9 >= self._block_s:
            self._end_block(now_ns)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the beginning."""
        return (time.monotonic_ns() - self.begin_ns) / 1e9

    def _end_block(self, now_ns: int) -> None:
        cpu_s = time.process_time()
        frames = len(self._in_block_ms)
        self.blocks.append(
            Block(
                start_s=(self._edge_ns - self.begin_ns) / 1e9,
                seconds=(now_ns - self._edge_ns) / 1e9,
                frames=frames,
                p50_ms=median(self._in_block_ms),
                cpu_ms=(cpu_s - self._edge_cpu_s) * 1e3 / frames,
            )
        )
        self._edge_ns, self._edge_cpu_s = now_ns, cpu_s
        self._in_block_ms.clear()


def measure_loop(
    subject: Subject, frames: Sequence[Frame], telemetry: Telemetry, *, seconds: float, fps: float, paced: bool
) -> tuple[Loop, float]:
    """Return the loop and the hands a frame; `fps` is the rate of a paced loop, and of the motion in a closed one."""
    source = RingSource(frames, fps=fps, paced=paced)
    record = _Record(max(seconds / MOST_BLOCKS, LEAST_BLOCK_S), source)
    threads_before = thread_times()
    with Sampler(lambda: (telemetry.read(), thread_times()), interval_s=min(0.5, seconds / 4)) as sampler:
        showing = subject.start(source)
        frames_through = iter(showing)
        for shown in frames_through:
            record.add(shown)
            if record.elapsed_s >= seconds:
                break
        # While its threads are there to be asked.
        cpu_s, threads_after = time.process_time(), thread_times()
        resident, dropped = resident_mb(os.getpid()), dict(showing.dropped)
        showing.stop()
        for _ in frames_through:
            pass
    elapsed_s = (record.latest_ns - record.begin_ns) / 1e9
    seen = [times for _, times in sampler.samples] + [threads_after]
    return Loop(
        rate_fps=fps if paced else None,
        seconds=elapsed_s,
        frames=record.frames,
        fps=record.frames / elapsed_s,
        time_ms=record.time.distribution(),
        stages_ms={stage: times.distribution() for stage, times in record.stages.items()},
        dropped=dropped,
        cpu_ms=(cpu_s - record.begin_cpu_s) * 1e3 / record.frames,
        thread_cpu_ms=_thread_cpu_ms(threads_before, seen, record.frames),
        resident_mb=resident,
        blocks=tuple(record.blocks),
        machine=machine_figures([readings for readings, _ in sampler.samples], record.frames),
    ), record.hands / record.frames


def _thread_cpu_ms(
    before: dict[int, ThreadTime], seen: Sequence[dict[int, ThreadTime]], frames: int
) -> dict[str, float]:
    """Return CPU time a frame by the name of the thread, the latest that was seen of each; idle ones are left out."""
    latest = {number: thread for times in seen for number, thread in times.items()}
    # One that begins or ends has lost its name for a moment.
    names = {number: thread.python for times in seen for number, thread in times.items() if thread.python}
    spent: defaultdict[str, float] = defaultdict(float)
    for number, thread in latest.items():
        begun_s = before[number].cpu_s if number in before else 0.0
        spent[names.get(number, thread.native)] += thread.cpu_s - begun_s
    return {name: total * 1e3 / frames for name, total in sorted(spent.items()) if total > 0}


def machine_figures(samples: Sequence[Readings], frames: int) -> MachineFigures:
    """Return means and series of the readings of a loop, the first and last at its ends."""
    first, last = samples[0], samples[-1]
    energy_j = None if first.energy_j is None or last.energy_j is None else last.energy_j - first.energy_j
    elapsed_s = (last.time_ns - first.time_ns) / 1e9
    events = (
        None
        if first.throttle_events is None or last.throttle_events is None
        else last.throttle_events - first.throttle_events
    )
    hottest = [one.hottest_c for one in samples if one.hottest_c is not None]
    slowed = [one.throttled_by for one in samples if one.throttled_by is not None]
    clocks = [one.clocks_mhz for one in samples if one.clocks_mhz]
    memory = [one.gpu_memory_mb for one in samples if one.gpu_memory_mb is not None]
    return MachineFigures(
        power_w=None if energy_j is None or elapsed_s <= 0 else energy_j / elapsed_s,
        energy_mj=None if energy_j is None else energy_j * 1e3 / frames,
        hottest_c=max(hottest, default=None),
        clocks_mhz={name: fmean(one[name] for one in clocks if name in one) for name in clocks[-1]} if clocks else None,
        throttled_by=tuple(sorted({cause for causes in slowed for cause in causes})) if slowed else None,
        throttle_events=events,
        power_mode=last.power_mode,
        gpu_memory_mb=max(memory, default=None),
        series=tuple(
            TelemetrySample(
                time_s=(one.time_ns - first.time_ns) / 1e9,
                power_w=one.power_w,
                hottest_c=one.hottest_c,
                clock_mhz=_clock(one),
            )
            for one in samples
        ),
        unknown=dict(last.unknown),
        sources=dict(last.sources),
    )


def _clock(readings: Readings) -> float | None:
    """Return the GPU's clock, without one the fastest processor's."""
    clocks = readings.clocks_mhz or {}
    return clocks.get("gpu", max(clocks.values(), default=None))
