# SPDX-License-Identifier: Apache-2.0
"""Masks as a folder of PNG pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from edge.errors import OutputError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.sink import Sink
from edge.sources.source import Source


class MaskFolderSink(Sink):
    """One grey picture a frame, of its size: 255 where a hand is, 0 elsewhere.

    It is called as the frame's own picture is, below the same folders, or by the number of the frame. Each is there
    whole or not at all; older ones are replaced.
    """

    one_source = True

    def __init__(self, folder: str | Path) -> None:
        self.name = f"mask folder {folder}"
        self._folder = Path(folder)
        self._sources: dict[Path, str] = {}

    def open(self, source: Source) -> None:  # noqa: ARG002 - part of every sink's shape
        """Make the folder, if there is none. Raises `OutputError`."""
        self._sources = {}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise OutputError(f"{self.name} is a file; name a folder for the masks") from error
        except OSError as error:
            raise self._error(error) from error

    def write(self, frame: Frame, result: FrameResult) -> None:  # noqa: ARG002 - likewise
        """Write one picture. Raises `OutputError`."""
        mask = np.zeros((result.height_px, result.width_px), np.uint8)
        for hand in result.hands:
            if hand.mask is not None:
                region = hand.mask.region(result.width_px, result.height_px)
                region.of(mask)[region.pixels] = 255
        path = self._path_of(result)
        partial = path.with_name(path.name + ".partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(cv2.imencode(".png", mask)[1].tobytes())
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise self._error(error) from error

    def _path_of(self, result: FrameResult) -> Path:
        if result.path is None:
            return self._folder / f"{result.frame:06d}.png"
        path = self._folder / Path(result.path).with_suffix(".png")
        other = self._sources.setdefault(path, result.path)
        if other != result.path:
            raise OutputError(f"{self.name} would hold one picture for {other} and {result.path}; rename one of them")
        return path

    def _error(self, error: OSError) -> OutputError:
        return OutputError(
            f"{self.name} cannot be written: {error.strerror}; name a folder on a disk with room that may be written"
        )
