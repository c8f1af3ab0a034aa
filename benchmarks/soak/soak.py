# SPDX-License-Identifier: Apache-2.0
"""Live sources under faults: `python -m benchmarks.soak.soak --seconds 300 --output soak.json`."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks.soak.cameras import Cameras
from benchmarks.soak.replay import ReplaySource
from benchmarks.soak.rtsp_server import Misbehaviour
from benchmarks.soak.vitals import Vitals, slope_mb
from edge.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.pipeline import Pipeline, PipelineRun
from edge.runners import FakeRunner
from edge.sources import LiveSource, Reconnect
from edge.sources.stream import stream_from_uri
from edge.sources.supervision import Patience, SourceState
from edge.tasks import HandDetector

PATIENCE = Patience(open_s=2.0, first_frame_s=3.0, stall_s=1.0, backoff_s=(0.2, 0.5, 1.0, 2.0), refused_s=2.0)
"""Shorter than a user's, so that many faults fit into a run."""

RECOVERY_S = 15.0
WARM_UP = 0.2
LIMITS = {"rss_slope_mb": 1.0, "rss_growth_mb": 20.0, "descriptors": 2, "threads": 1}
_FAULTS = tuple(kind for kind in Misbehaviour if kind is not Misbehaviour.none)
_LONGEST_FAULT = 0.5
_SAMPLE_S = 0.5


@dataclass
class Observed:
    """What came out of a soak so far."""

    frames: Counter[str] = field(default_factory=Counter)
    newest: dict[str, int] = field(default_factory=dict)
    disorders: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    recoveries_s: list[float] = field(default_factory=list)
    samples: list[Vitals] = field(default_factory=list)

    def note(self, source: str, frame: int) -> None:
        """Note a result; a number that does not rise is a disorder."""
        self.disorders += frame <= self.newest.get(source, -1)
        self.newest[source] = frame
        self.frames[source] += 1


def soak(*, seconds: float, every_s: float, seed: int, fps: float, models: tuple[str, ...] = ()) -> dict[str, Any]:
    """Run and return the report; `passed` says whether everything is as it was."""
    observed = Observed()
    chance = random.Random(seed)
    with ExitStack() as stack:
        cameras = stack.enter_context(Cameras(2, seed=seed))
        pipeline = stack.enter_context(Pipeline(list(models) or [_detector()], threads=2))
        streams = [
            stack.enter_context(stream_from_uri(address, patience=PATIENCE, reconnect=Reconnect.always))
            for address in cameras.addresses
        ]
        run = stack.enter_context(pipeline.run_all([ReplaySource(fps=fps, seed=seed), *streams]))
        consumer = threading.Thread(target=_consume, args=(run, observed))
        consumer.start()
        begin_s = time.monotonic()
        _wait_until_live(streams)
        while (at_s := time.monotonic() - begin_s) < seconds:
            _spoil(cameras, streams, chance, observed, every_s=min(every_s, seconds - at_s), begin_s=begin_s)
        all_live = _wait_until_live(streams)
        time.sleep(1.0)
        observed.samples.append(Vitals.now(time.monotonic() - begin_s, observed.frames.total()))
        statuses = [status.to_dict(time.monotonic()) for status in run.statuses()]
        run.stop()
        consumer.join(30)
    settings = {"seconds": seconds, "every_s": every_s, "seed": seed, "fps": fps, "models": list(models)}
    return _report(observed, statuses, all_live=all_live) | {"settings": settings}


def _consume(run: PipelineRun, observed: Observed) -> None:
    for result in run:
        observed.note(result.source, result.frame)


def _spoil(
    cameras: Cameras,
    streams: list[LiveSource],
    chance: random.Random,
    observed: Observed,
    *,
    every_s: float,
    begin_s: float,
) -> None:
    """One fault, and what is left of its `every_s` in peace."""
    end_s = time.monotonic() + every_s
    camera, kind = chance.randrange(len(streams)), chance.choice(_FAULTS)
    cameras.misbehave(camera, kind)
    observed.faults[kind.value] += 1
    time.sleep(min(every_s, _LONGEST_FAULT * every_s * (0.5 + chance.random())))
    cameras.misbehave(camera, Misbehaviour.none)
    mended_s, frames = time.monotonic(), streams[camera].status.frames
    recovered = False
    while time.monotonic() < end_s:
        if not recovered and streams[camera].status.frames > frames:
            recovered = True
            observed.recoveries_s.append(time.monotonic() - mended_s)
        if not observed.samples or time.monotonic() - begin_s - observed.samples[-1].at_s > _SAMPLE_S:
            observed.samples.append(Vitals.now(time.monotonic() - begin_s, observed.frames.total()))
        time.sleep(0.02)


def _wait_until_live(streams: list[LiveSource]) -> bool:
    deadline_s = time.monotonic() + RECOVERY_S
    while time.monotonic() < deadline_s:
        if all(stream.status.state is SourceState.live for stream in streams):
            return True
        time.sleep(0.02)
    return False


def _report(observed: Observed, statuses: list[dict[str, Any]], *, all_live: bool) -> dict[str, Any]:
    warm = observed.samples[int(WARM_UP * len(observed.samples)) :]
    first, last = warm[0], warm[-1]
    # While a fault lasts, a stream's own descriptors and threads are fewer: the most of the time before is the measure.
    figures = {
        "rss_slope_mb": slope_mb(warm),
        "rss_growth_mb": last.rss_mb - first.rss_mb,
        "descriptors": last.descriptors - max(sample.descriptors for sample in warm[: len(warm) // 2 + 1]),
        "threads": last.threads - max(sample.threads for sample in warm[: len(warm) // 2 + 1]),
    }
    failed = [name for name, limit in LIMITS.items() if figures[name] > limit]
    failed += [] if all_live else ["all_live"]
    failed += ["disorders"] if observed.disorders else []
    return {
        "passed": not failed,
        "failed": failed,
        "all_live": all_live,
        "frames": dict(observed.frames),
        "fps": observed.frames.total() / last.at_s,
        "disorders": observed.disorders,
        "faults": dict(observed.faults),
        "recovery_s": _spread(observed.recoveries_s),
        "figures": figures,
        "limits": LIMITS,
        "first": asdict(first),
        "last": asdict(last),
        "sources": statuses,
    }


def _spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {"median": float(np.median(values)), "most": max(values), "count": len(values)}


def _detector() -> HandDetector:
    """Return a detector whose network answers at once, so that everything around it is what is tried."""
    contract = Bundle.open(find_bundle("hand-detector")).manifest

    def one_hand(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        _, _, height_px, width_px = inputs["image"].shape
        levels = {s: np.full((1, 5, height_px // s, width_px // s), -9, np.float32) for s in (8, 16, 32)}
        levels[32][0, :, 2, 2] = 4, 1, 1, 1, 1
        return {f"level_{stride}": level for stride, level in levels.items()}

    outputs = tuple(output.spec() for output in contract.outputs)
    return HandDetector(contract, FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=one_hand))


def main(
    *,
    seconds: Annotated[float, typer.Option(help="How long faults go on.")] = 60.0,
    every: Annotated[float, typer.Option(help="Seconds from one fault to the next.")] = 10.0,
    seed: Annotated[int, typer.Option(help="What decides the faults.")] = 0,
    fps: Annotated[float, typer.Option(help="Frames a second that the rendered source offers.")] = 1000.0,
    models: Annotated[list[str] | None, typer.Option(help="Real models, in place of one that answers at once.")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON file for the report.")] = None,
) -> None:
    """Run, print the report, and exit with 1 where something is not as it was."""
    report = soak(seconds=seconds, every_s=every, seed=seed, fps=fps, models=tuple(models or ()))
    text = json.dumps(report, indent=2) + "\n"
    print(text, end="")
    if output:
        output.write_text(text, encoding="utf-8")
    raise typer.Exit(0 if report["passed"] else 1)


if __name__ == "__main__":
    typer.run(main)
