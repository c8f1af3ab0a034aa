# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from edge.errors import DependencyError
from edge.sinks import WindowSink
from edge.sources.arrays import ArraySource


def test_no_display_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(DependencyError, match="neither DISPLAY nor WAYLAND_DISPLAY is set; write --video FILE instead"):
        WindowSink().open(ArraySource([]))


def test_display_that_is_not_there_is_an_error_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":98765")
    with pytest.raises(DependencyError, match=r"display :98765 cannot be opened|pip install opencv-python"):
        WindowSink().open(ArraySource([]))
