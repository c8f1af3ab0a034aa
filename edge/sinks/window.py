# SPDX-License-Identifier: Apache-2.0
"""A window on the screen."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import cv2

from edge.errors import DependencyError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.canvas import Canvas
from edge.sinks.rate import Rate
from edge.sinks.sink import Sink
from edge.sources.source import Source

_QUIT_KEYS = (27, ord("q"))
_PROBE = "import cv2; cv2.namedWindow('probe')"


class WindowSink(Sink):
    """Shows every frame with its hands drawn in; `on_quit` is called when the user closes the window or presses q."""

    one_source = True

    def __init__(self, *, title: str = "edge", on_quit: Callable[[], None] = lambda: None) -> None:
        self.name = "window"
        self._title = title
        self._on_quit = on_quit
        self._canvas: Canvas | None = None
        self._rate = Rate()

    def open(self, source: Source) -> None:  # noqa: ARG002 - part of every sink's shape
        """Open the window. Raises `DependencyError` where there is no display or OpenCV has no windows."""
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            raise DependencyError(
                "a window needs a display, and neither DISPLAY nor WAYLAND_DISPLAY is set; write --video FILE instead"
            )
        # A toolkit that finds no display ends its process, so a child goes first.
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False)  # noqa: S603
        if "cv2.error" in probe.stderr:
            raise DependencyError(
                "a window needs an OpenCV with windows, and this one is headless; pip uninstall opencv-python-headless"
                " && pip install opencv-python"
            )
        if probe.returncode != 0:
            named = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
            raise DependencyError(f"display {named} cannot be opened; start its server, or write --video FILE instead")
        cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Show one frame."""
        if self._canvas is None:
            self._canvas = Canvas(frame)
            cv2.resizeWindow(self._title, self._canvas.width_px, self._canvas.height_px)
        cv2.imshow(self._title, self._canvas.draw(frame, result.hands, fps=self._rate.tick()))
        key = cv2.waitKey(1) & 0xFF
        if key in _QUIT_KEYS or cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            self._on_quit()

    def close(self) -> None:
        """Close the window."""
        if self._canvas is not None:
            self._canvas = None
            cv2.destroyAllWindows()
