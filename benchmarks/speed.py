# SPDX-License-Identifier: Apache-2.0
"""Speed and memory, ours and our peers', in one run: `python -m benchmarks.speed VIDEO ...`."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.comparison import Comparison
from benchmarks.footprint import Footprint, measure_footprint
from benchmarks.pipeline_speed import FRAMES, Picture, compare_pipeline
from benchmarks.preprocessing_speed import compare_preprocessing
from benchmarks.video_speed import compare_video, peers
from edge.sources.open import open_source

RING_SLOTS = 8
PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless")


def pictures_of(video: Path, count: int) -> list[Picture]:
    """Return `count` frames of `video`, from the start again where it ends, (H, W, 3) uint8 BGR."""
    with open_source(video) as source:
        frames = [frame.pixels for frame in islice(source.frames(), count)]
    return [frames[number % len(frames)] for number in range(count)]


def print_results(comparisons: list[Comparison], footprint: Footprint, console: Console) -> None:
    """Print a row a comparison, then the footprint."""
    table = Table("compared", "ours", "theirs", "unit", "times as fast", "frames", "hands")
    for row in comparisons:
        ours, theirs = f"{row.ours}: {row.our_value:.2f}", f"{row.theirs}: {row.their_value:.2f}"
        seen = (row.ours_seen, row.theirs_seen)
        counts = (" / ".join(str(getattr(one, name, "?")) for one in seen) for name in ("frames", "hands"))
        table.add_row(row.subject, ours, theirs, row.unit, f"{row.times_as_fast:.2f}", *(counts if any(seen) else ()))
    console.print(table)
    console.print(footprint)


def main(
    videos: Annotated[list[Path], typer.Argument(help="Videos with hands in them; the first is the one in memory.")],
    *,
    mediapipe_python: Annotated[Path | None, typer.Option(help="Interpreter that has mediapipe.")] = None,
    hagrid: Annotated[Path | None, typer.Option(help="Folder of dynamic_gestures' two networks.")] = None,
    threads: Annotated[int, typer.Option(help="Threads of ours.")] = os.cpu_count() or 1,
    rounds: Annotated[int, typer.Option(help="Rounds of each comparison.")] = 7,
    frames: Annotated[int, typer.Option(help="Frames of the memory measurement.")] = 10_000,
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Measure on a machine that does nothing else."""
    # Peers run with the repository as their folder.
    videos, hagrid = [video.resolve() for video in videos], hagrid and hagrid.resolve()
    in_memory = pictures_of(videos[0], FRAMES)
    comparisons = [
        compare_preprocessing(rounds=rounds),
        compare_pipeline(in_memory[:: FRAMES // RING_SLOTS], threads=threads, rounds=rounds),
    ]
    for video in videos:
        for peer, command in peers(video, mediapipe_python=mediapipe_python, hagrid=hagrid):
            comparisons.append(compare_video(video, peer, command, threads=threads, rounds=rounds))
    footprint = measure_footprint(in_memory, frames=frames, rounds=rounds)
    print_results(comparisons, footprint, Console())
    if output:
        results = {
            "machine": {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()},
            "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
            "comparisons": [row.to_dict() for row in comparisons],
            "footprint": footprint.to_dict(),
        }
        output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _processor() -> str:
    """Return the name Linux gives the processor, or that of its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    typer.run(main)
