# SPDX-License-Identifier: Apache-2.0
"""The timing cache of a build: kernels that were timed once need not be timed for the next engine."""

from __future__ import annotations

from typing import Any

from edge.engines.flavour import Flavour


def set_timing_cache(config: Any, flavour: Flavour, content: bytes) -> None:
    """Let a build start from `content`; what TensorRT rejects, as of another GPU, is replaced by an empty cache."""
    if not keeps_timings(flavour):
        return
    cache = config.create_timing_cache(content)
    if cache is None or not config.set_timing_cache(cache, ignore_mismatch=False):
        config.set_timing_cache(config.create_timing_cache(b""), ignore_mismatch=False)


def timing_cache_from_config(config: Any, flavour: Flavour) -> bytes:
    """Return the timings after a build, empty where there are none."""
    if not keeps_timings(flavour):
        return b""
    cache = config.get_timing_cache()
    return b"" if cache is None else bytes(cache.serialize())


def keeps_timings(flavour: Flavour) -> bool:
    """Whether a build times kernels: TensorRT-RTX does so when an engine first runs, and its caches do nothing."""
    return flavour.name == "tensorrt"
