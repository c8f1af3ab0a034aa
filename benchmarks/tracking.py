# SPDX-License-Identifier: Apache-2.0
"""What following hands saves and costs: `python -m benchmarks.tracking VIDEO ... [--mediapipe-python PYTHON]`."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from statistics import mean, median
from typing import Annotated, Any

import typer

from benchmarks.speed import pictures_of
from benchmarks.tracking_quality import (
    Clip,
    clip_from_scene,
    jitter_of,
    lag_of,
    quality_of,
    results_of,
    still_clip,
)
from benchmarks.video_speed import compare_video, peers
from edge.geometry import iou_matrix
from edge.pipeline import Pipeline
from edge.results import FrameResult
from edge.sources.arrays import ArraySource
from edge.tracking import TrackingSettings

SEEDS = (1, 2, 3, 4)
HANDS = (1, 2, 4, 8)
LEAST_IOU = 0.5
SETTLED_FRAMES = 10
LONG_FRAMES = 1200

_Figures = dict[str, Any]


def video_figures(video: Path, *, rounds: int) -> _Figures:
    """Return processor time a frame with and without tracking, by turns, and the hands that both find."""
    with Pipeline(threads=1, tracking=None) as alone, Pipeline(threads=1) as tracked:
        spent: dict[str, list[float]] = {"alone": [], "tracked": []}
        results: dict[str, list[FrameResult]] = {}
        for _ in range(rounds):
            for name, pipeline in (("alone", alone), ("tracked", tracked)):
                begin = time.process_time()
                results[name] = list(pipeline.run(video))
                spent[name].append(1000 * (time.process_time() - begin) / len(results[name]))
    cpu_ms = {name: median(values) for name, values in spent.items()}
    found = [_found(a, b) for a, b in zip(results["alone"], results["tracked"], strict=True)]
    return {
        "video": video.name,
        "frames": len(results["alone"]),
        "cpu_ms_per_frame": {name: round(value, 2) for name, value in cpu_ms.items()},
        "times_less": round(cpu_ms["alone"] / cpu_ms["tracked"], 2),
        "frames_detected": _detections(results["tracked"]),
        "hands": {name: sum(len(result.hands) for result in of) for name, of in results.items()},
        "hands_of_alone_found": sum(len(ious) for ious in found),
        "mean_iou": round(mean(iou for ious in found for iou in ious), 4),
        "ids": len({number for result in results["tracked"] for number in _ids(result)}),
    }


def scene_figures(*, frames: int) -> list[_Figures]:
    """Return how well the hands of rendered scenes are found with and without tracking, at three speeds."""
    figures = []
    with Pipeline(threads=1, tracking=None) as alone, Pipeline(threads=1) as tracked:
        for slowness in (2.0, 1.0, 0.5):
            for seed in SEEDS[:2]:
                clip = clip_from_scene(hands=2, seed=seed, frames=frames, slowness=slowness)
                row: _Figures = {"seed": seed, "speed": 1 / slowness}
                for name, pipeline in (("alone", alone), ("tracked", tracked)):
                    hands = [result.hands for result in results_of(pipeline, clip)]
                    row[name] = quality_of(zip(hands, clip.truths, strict=True)).to_dict()
                figures.append(row)
    return figures


def smoothing_figures(*, frames: int) -> list[_Figures]:
    """Return the jitter of still hands and the lag of moving ones."""
    models = ["hand-detector", "hand-keypoints"]
    figures = []
    with Pipeline(models, threads=1, tracking=None) as alone, Pipeline(models, threads=1) as tracked:
        for seed in SEEDS:
            still, moving = still_clip(seed=seed, frames=frames), clip_from_scene(hands=1, seed=seed, frames=frames)
            before, after = (jitter_of(results_of(each, still)[SETTLED_FRAMES:]) for each in (alone, tracked))
            lag = lag_of(results_of(tracked, moving), results_of(alone, moving))
            row = {"seed": seed, "jitter_alone": before, "jitter_tracked": after, "times_less": before / after}
            figures.append({name: round(value, 3) for name, value in {**row, "lag_frames": lag}.items()})
    return figures


def cost_figures(*, frames: int) -> list[_Figures]:
    """Return processor time a frame by the number of hands, with and without tracking."""
    figures = []
    with Pipeline(threads=1, tracking=None) as alone, Pipeline(threads=1) as tracked:
        for hands in HANDS:
            clip = clip_from_scene(hands=hands, seed=2, frames=frames)
            row = {name: _cpu_ms(each, clip) for name, each in (("alone", alone), ("tracked", tracked))}
            figures.append({"hands": hands, "cpu_ms_per_frame": row})
    return figures


def long_figures(video: Path, frames: int) -> _Figures:
    """Return processor time a frame in the first and last third of a long run over a video, again and again."""
    source = ArraySource(pictures_of(video, frames), continuous=True)
    with Pipeline(threads=1) as pipeline:
        spent = [time.process_time(), *(time.process_time() for _ in pipeline.run(source))]
    third = frames // 3
    first, last = (1000 * (spent[end] - spent[end - third]) / third for end in (third, frames))
    return {"frames": frames, "first_third_ms": round(first, 2), "last_third_ms": round(last, 2)}


def _cpu_ms(pipeline: Pipeline, clip: Clip) -> float:
    begin = time.process_time()
    count = len(results_of(pipeline, clip))
    return round(1000 * (time.process_time() - begin) / count, 2)


def _found(alone: FrameResult, tracked: FrameResult) -> list[float]:
    overlaps = iou_matrix(alone.hands.boxes_xyxy, tracked.hands.boxes_xyxy)
    best: list[float] = overlaps.max(axis=1, initial=0).tolist()
    return [iou for iou in best if iou >= LEAST_IOU]


def _detections(results: list[FrameResult]) -> int:
    return sum("infer" in result.latency_ms for result in results)


def _ids(result: FrameResult) -> list[int]:
    ids: list[int] = [] if result.hands.track_ids is None else result.hands.track_ids.tolist()
    return ids


def main(
    videos: Annotated[list[Path], typer.Argument(help="Videos with hands in them.")],
    *,
    mediapipe_python: Annotated[Path | None, typer.Option(help="Interpreter that has mediapipe.")] = None,
    rounds: Annotated[int, typer.Option(help="Rounds of each comparison.")] = 3,
    frames: Annotated[int, typer.Option(help="Frames of each rendered clip.")] = 60,
    threads: Annotated[int, typer.Option(help="Threads of ours beside MediaPipe.")] = os.cpu_count() or 1,
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Measure; processor time is told, which other work on the machine changes little."""
    figures: _Figures = {
        "cores": os.cpu_count(),
        "settings": TrackingSettings().model_dump(),
        "videos": [video_figures(video, rounds=rounds) for video in videos],
        "scenes": scene_figures(frames=frames),
        "smoothing": smoothing_figures(frames=frames),
        "cost": cost_figures(frames=frames),
        "long_run": long_figures(videos[0], LONG_FRAMES),
    }
    if mediapipe_python is not None:
        compared = [
            compare_video(video, peer, command, threads=threads, rounds=rounds)
            for video in videos
            for peer, command in peers(video, mediapipe_python=mediapipe_python, hagrid=None)
            if "MediaPipe" in peer
        ]
        figures["mediapipe"] = [row.to_dict() for row in compared]
    text = json.dumps(figures, indent=2) + "\n"
    print(text)
    if output is not None:
        output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
