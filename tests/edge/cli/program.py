# SPDX-License-Identifier: Apache-2.0
"""The installed `edge-run`, and what it wrote."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import cv2
import jsonschema

PROGRAM = Path(sysconfig.get_path("scripts")) / "edge-run"
FRAMES, FPS, WH = 12, 8.0, (160, 120)


def edge_run(desk: Path, *words: object, models: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the program in the desk's folder without a terminal."""
    chosen = ("--models", "detector", "classifier") if models else ()
    command = [str(word) for word in (PROGRAM, *words, *chosen)]
    return subprocess.run(command, cwd=desk, capture_output=True, text=True, check=False, timeout=120)


def lines_of(file: Path, repo_root: Path) -> list[dict[str, Any]]:
    """Return the results in a JSON lines file, checked against the schema."""
    schema = json.loads((repo_root / "edge" / "schemas" / "frame-1.schema.json").read_text(encoding="utf-8"))
    results = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for result in results:
        jsonschema.validate(result, schema)
    return results


def frames_in(file: Path) -> int:
    """Return how many frames of a video can be read."""
    reader = cv2.VideoCapture(str(file), cv2.CAP_FFMPEG)
    count = 0
    while reader.read()[0]:
        count += 1
    return count
