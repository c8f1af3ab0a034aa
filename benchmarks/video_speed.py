# SPDX-License-Identifier: Apache-2.0
"""`edge-run` on a video file against other ways to the same, decoding included."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from benchmarks.comparison import Comparison, in_turns
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
    """Compare frames a second over `video`; each round is a process of its own, loading is not counted."""
    edge_run = Path(sysconfig.get_path("scripts")) / "edge-run"
    return in_turns(
        f"{video.name}, decoding included, {threads} threads",
        ours=("edge-run", lambda: _fps([edge_run, video, "--json", "--threads", str(threads)])),
        theirs=(peer, lambda: _fps(command)),
        unit="FPS",
        rounds=rounds,
    )


def _fps(command: Command) -> float:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise DependencyError(f"{' '.join(map(str, command))} failed: {done.stderr.strip().splitlines()[-1:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["fps"])
