# SPDX-License-Identifier: Apache-2.0
"""`edge-run` on a video file against other ways to the same, decoding included."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.comparison import Comparison, Seen, in_turns
from edge.errors import DependencyError

MEDIAPIPE_SCRIPT = Path(__file__).parent / "peers" / "mediapipe_video.py"
ROOT = Path(__file__).resolve().parent.parent
Command = list[str | Path]


def peers(video: Path, *, mediapipe_python: Path | None, hagrid: Path | None) -> Iterator[tuple[str, Command]]:
    """Yield the name of each peer and the command that prints its frames a second over `video`.

    `hagrid` is the folder of dynamic_gestures' two networks.
    """
    module: Command = [sys.executable, "-m"]
    if mediapipe_python:
        yield "MediaPipe Hands, model_complexity=0", [mediapipe_python, MEDIAPIPE_SCRIPT, video]
    if hagrid:
        told = "HaGRID's detector and classifier, no keypoints"
        yield told, [*module, "benchmarks.peers.hagrid_video", video, hagrid]
    yield "a loop of OpenCV and ONNX Runtime, same models", [*module, "benchmarks.peers.tutorial_video", video]
    yield "PyTorch eager, same models", [*module, "benchmarks.peers.eager_video", video]


def compare_video(video: Path, peer: str, command: Command, *, threads: int, rounds: int) -> Comparison:
    """Compare frames a second over `video`; each round is a process of its own, loading is not counted.

    What both sides saw of the video is counted too, ours in a run that is not timed.
    """
    ours: Command = [Path(sysconfig.get_path("scripts")) / "edge-run", video, "--json", "--threads", str(threads)]
    measured = in_turns(
        f"{video.name}, decoding included, {threads} threads",
        ours=("edge-run", lambda: float(_told(ours)["fps"])),
        theirs=(peer, lambda: float(_told(command)["fps"])),
        unit="FPS",
        rounds=rounds,
    )
    return replace(measured, ours_seen=_seen_by_edge_run(ours), theirs_seen=_seen_in(_told(command)))


def _told(command: Command) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise DependencyError(f"{' '.join(map(str, command))} failed: {done.stderr.strip().splitlines()[-1:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _seen_in(told: dict[str, Any]) -> Seen | None:
    return Seen(told["frames"], told["hands"]) if {"frames", "hands"} <= told.keys() else None


def _seen_by_edge_run(command: Command) -> Seen:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.jsonl"
        _told([*command, "--jsonl", path])
        hands = [len(json.loads(line)["hands"]) for line in path.read_text("utf-8").splitlines()]
    return Seen(len(hands), sum(hands))
