# SPDX-License-Identifier: Apache-2.0
"""The timing cache of a build: kernels that were timed once need not be timed for the next engine."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from edge.engines.flavour import Flavour
from edge.engines.key import EngineKey
from edge.engines.trusted_files import read_trusted, write_trusted
from edge.errors import EngineError

_MAX_BYTES = 2**28
_HASH_BYTES = hashlib.sha256().digest_size
_DIGEST_LETTERS = 16


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


def read_timings(folder: Path, key: EngineKey) -> bytes:
    """Return the timings kept for machines like that of `key`, empty where there are none that are sound."""
    try:
        raw = read_trusted(_path(folder, key), max_bytes=_MAX_BYTES)
    except EngineError:
        return b""
    kept_hash, content = raw[:_HASH_BYTES], raw[_HASH_BYTES:]
    return content if hashlib.sha256(content).digest() == kept_hash else b""


def write_timings(folder: Path, key: EngineKey, content: bytes) -> None:
    """Keep timings, behind their SHA-256. Raises `OutputError`."""
    write_trusted(_path(folder, key), hashlib.sha256(content).digest() + content)


def _path(folder: Path, key: EngineKey) -> Path:
    binding = (key.flavour, key.version, key.platform, key.gpu, key.sms, key.l4t)
    return folder / f"timings-{hashlib.sha256(repr(binding).encode()).hexdigest()[:_DIGEST_LETTERS]}.cache"
