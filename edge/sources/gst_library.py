# SPDX-License-Identifier: Apache-2.0
"""GStreamer itself, where it is installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from functools import cache
from importlib.machinery import PathFinder
from types import ModuleType
from typing import NamedTuple

from edge.errors import DependencyError

_SYSTEM_PACKAGES = "/usr/lib/python3/dist-packages"
_PACKAGES = "python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base"
_OF_A_JETSON = frozenset({"nvarguscamerasrc", "nvvidconv"})


class GstLibrary(NamedTuple):
    """The namespaces of GStreamer that are used here."""

    gst: ModuleType
    video: ModuleType


@cache
def load_gst() -> GstLibrary:
    """Return GStreamer, ready for use. Raises `DependencyError`."""
    try:
        gi = _load_gi()
        for name in ("Gst", "GstApp", "GstVideo"):
            gi.require_version(name, "1.0")
        gst = importlib.import_module("gi.repository.Gst")
        importlib.import_module("gi.repository.GstApp")  # its sink has methods only then
        video = importlib.import_module("gi.repository.GstVideo")
    except (ImportError, ValueError) as error:
        raise DependencyError(
            f"GStreamer cannot be used from Python {sys.version_info[0]}.{sys.version_info[1]}: {error}; sudo apt"
            f" install {_PACKAGES}, and use the Python of that system"
        ) from error
    gst.init(None)
    return GstLibrary(gst, video)


def missing_element(factory: str) -> DependencyError:
    """Return the error for an element that is not installed."""
    if factory in _OF_A_JETSON:
        return DependencyError(
            f"GStreamer has no element {factory}, which only a Jetson has; there: sudo apt install nvidia-l4t-gstreamer"
        )
    return DependencyError(
        f"GStreamer has no element {factory}; sudo apt install gstreamer1.0-plugins-base gstreamer1.0-plugins-good"
    )


def _load_gi() -> ModuleType:
    """Import PyGObject; in a virtual environment, which does not see it, from the system's packages alone."""
    if importlib.util.find_spec("gi") is None:
        spec = PathFinder.find_spec("gi", [_SYSTEM_PACKAGES])
        if spec is None or spec.loader is None:
            raise ImportError("PyGObject is not installed")
        sys.modules["gi"] = gi = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(gi)
        except ImportError:
            # Made for another Python than this one.
            del sys.modules["gi"]
            raise
    return importlib.import_module("gi")
