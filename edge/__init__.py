# SPDX-License-Identifier: Apache-2.0
"""Hands in camera frames: where they are and which gesture they make.

Importing the package loads none of its dependencies; each name below brings what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge.bundle import Bundle
    from edge.errors import (
        BundleDamagedError,
        BundleError,
        BundleFormatError,
        CameraError,
        DependencyError,
        EdgeError,
        ModelError,
        OutputError,
        SourceError,
        UsageError,
    )
    from edge.frame import Frame, PixelFormat
    from edge.gesture import picture_gesture
    from edge.masks import Mask, Masks
    from edge.pipeline import Pipeline
    from edge.results import FrameResult, Hand, Hands, Label, Labels
    from edge.runners import FakeRunner, OnnxRuntimeRunner, Runner
    from edge.sinks import JsonLinesSink, MaskFolderSink, Sink, VideoSink
    from edge.sources import Source, open_source
    from edge.tasks import load
    from edge.tracking import TrackingSettings

__version__: str

_HOME = {
    "Bundle": "edge.bundle",
    "BundleDamagedError": "edge.errors",
    "BundleError": "edge.errors",
    "BundleFormatError": "edge.errors",
    "CameraError": "edge.errors",
    "DependencyError": "edge.errors",
    "EdgeError": "edge.errors",
    "FakeRunner": "edge.runners",
    "Frame": "edge.frame",
    "FrameResult": "edge.results",
    "Hand": "edge.results",
    "Hands": "edge.results",
    "JsonLinesSink": "edge.sinks",
    "Label": "edge.results",
    "Labels": "edge.results",
    "Mask": "edge.masks",
    "MaskFolderSink": "edge.sinks",
    "Masks": "edge.masks",
    "ModelError": "edge.errors",
    "OnnxRuntimeRunner": "edge.runners",
    "OutputError": "edge.errors",
    "Pipeline": "edge.pipeline",
    "PixelFormat": "edge.frame",
    "Runner": "edge.runners",
    "Sink": "edge.sinks",
    "Source": "edge.sources",
    "SourceError": "edge.errors",
    "TrackingSettings": "edge.tracking",
    "UsageError": "edge.errors",
    "VideoSink": "edge.sinks",
    "load": "edge.tasks",
    "open_source": "edge.sources",
    "picture_gesture": "edge.gesture",
}

__all__ = [
    "Bundle",
    "BundleDamagedError",
    "BundleError",
    "BundleFormatError",
    "CameraError",
    "DependencyError",
    "EdgeError",
    "FakeRunner",
    "Frame",
    "FrameResult",
    "Hand",
    "Hands",
    "JsonLinesSink",
    "Label",
    "Labels",
    "Mask",
    "MaskFolderSink",
    "Masks",
    "ModelError",
    "OnnxRuntimeRunner",
    "OutputError",
    "Pipeline",
    "PixelFormat",
    "Runner",
    "Sink",
    "Source",
    "SourceError",
    "TrackingSettings",
    "UsageError",
    "VideoSink",
    "load",
    "open_source",
    "picture_gesture",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name == "__version__":
        return import_module("importlib.metadata").version("edge-hands")
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'edge' has no attribute {name!r}; it offers {', '.join(__all__)}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
