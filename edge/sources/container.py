# SPDX-License-Identifier: Apache-2.0
"""What the container of a video states about its own length."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge.sources.matroska import missing_from_matroska
from edge.sources.mp4_boxes import mp4_boxes
from edge.sources.signature import EBML, HEAD_BYTES, ISO_BOXES


@dataclass(frozen=True, slots=True)
class Container:
    """How to tell whether a video is whole.

    Attributes:
        missing: what its structure shows to be missing, in words; None where nothing is.
        stated: what else it must hold: a number of frames, a duration, or neither.
    """

    missing: str | None
    stated: Literal["frames", "duration"] | None


def container_from_file(path: Path) -> Container:
    """Read what the structure of a video file says.

    A Matroska file has a duration too, but that of its longest track, and no number of frames: its structure decides.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[4:8] in ISO_BOXES:
        boxes = mp4_boxes(path)
        return Container(boxes.missing, None if boxes.fragmented else "frames")
    if head.startswith(EBML):
        return Container(missing_from_matroska(path), None)
    return Container(None, "frames" if head.startswith(b"RIFF") else "duration")
