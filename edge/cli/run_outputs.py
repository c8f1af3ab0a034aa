# SPDX-License-Identifier: Apache-2.0
"""No output of a run may be an input of it, or another output."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import combinations
from pathlib import Path

from edge.config import Config
from edge.config.sink_settings import JsonLinesSettings, VideoSettings
from edge.errors import UsageError


def refuse_overwriting(config: Config) -> None:
    """Raise `UsageError` where an output would be written over a source or over another output."""
    outputs = [("--jsonl", sink.path) for sink in config.sinks_of(JsonLinesSettings) if not sink.on_standard_output]
    outputs += [("--video", sink.path) for sink in config.sinks_of(VideoSettings)]
    for source in (Path(source.uri) for source in config.sources):
        if config.mask is not None and _is_same_file(source, config.mask):
            raise UsageError(f"SOURCE and --mask are the same folder, {source}; give --mask another name")
        for option, path in outputs:
            if _is_same_file(source, path):
                raise UsageError(f"SOURCE and {option} are the same file, {path}; give {option} another name")
            if _is_picture_in(source, path):
                raise UsageError(f"{option} {path} is a picture of SOURCE {source}; give {option} another name")
    for (one, path), (other, same) in combinations(outputs, 2):
        if _is_same_file(path, same):
            raise UsageError(f"{one} and {other} are the same file, {same}; give {other} another name")


def _is_picture_in(source: Path, path: Path) -> bool:
    with suppress(OSError, ValueError):
        if source.is_dir() and path.exists():
            from edge.sources.folder import pictures_below

            return any(_is_same_file(picture, path) for picture in pictures_below(source))
    return False


def _is_same_file(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):
        return other.samefile(one) and not other.is_char_device()
    # One of them is yet to be made; in a current folder that was deleted, neither has a place.
    with suppress(OSError, ValueError):
        return os.path.realpath(one) == os.path.realpath(other)
    return False
