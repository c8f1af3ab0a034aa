# SPDX-License-Identifier: Apache-2.0
"""`edge-run` on a video file against MediaPipe Hands in its video mode, decoding included."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from pathlib import Path

from benchmarks.comparison import Comparison, in_turns
from edge.errors import DependencyError

MEDIAPIPE_SCRIPT = Path(__file__).parent / "peers" / "mediapipe_video.py"


def compare_video(video: Path, mediapipe_python: Path, *, threads: int, rounds: int) -> Comparison:
    """Compare frames a second over `video`; each round is a process of its own, loading is not counted."""
    edge_run = Path(sysconfig.get_path("scripts")) / "edge-run"
    return in_turns(
        f"{video.name}, decoding included, {threads} threads",
        ours=("edge-run", lambda: _fps([edge_run, video, "--json", "--threads", str(threads)])),
        theirs=("MediaPipe Hands, model_complexity=0", lambda: _fps([mediapipe_python, MEDIAPIPE_SCRIPT, video])),
        unit="FPS",
        rounds=rounds,
    )


def _fps(command: list[str | Path]) -> float:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DependencyError(f"{' '.join(map(str, command))} failed: {done.stderr.strip().splitlines()[-1:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["fps"])
