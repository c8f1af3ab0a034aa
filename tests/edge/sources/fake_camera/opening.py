# SPDX-License-Identifier: Apache-2.0
"""Cameras of small grey pictures, opened."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.sources.live_reader import ReaderError
from edge.sources.v4l2_reader import V4l2Reader
from edge.sources.v4l2_settings import V4l2Settings

WH = (160, 120)


def grey(*levels: int, wh: tuple[int, int] = WH) -> list[bytes]:
    return [bytes([level]) * (wh[0] * wh[1]) for level in levels]


def opened(
    node: Path, *, fps: float = 100, wh: tuple[int, int] = WH, controls: Mapping[str, float] | None = None
) -> V4l2Reader:
    return V4l2Reader(V4l2Settings(node, width_px=wh[0], height_px=wh[1], fps=fps, controls=controls or {}))


def fault_of(reader: V4l2Reader, *, timeout_s: float = 2.0) -> ReaderError:
    """Return what ends a reader's pictures."""
    try:
        while True:
            reader.read(timeout_s)
    except ReaderError as fault:
        return fault
