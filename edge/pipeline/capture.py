# SPDX-License-Identifier: Apache-2.0
"""The capturing side of a run: a source's frames onto the conveyor."""

from __future__ import annotations

import time
from collections.abc import Callable

from edge.errors import CameraError, EdgeError, SourceError
from edge.frame import Frame
from edge.pipeline.conveyor import Conveyor
from edge.sources.source import Source


def capture(
    source: Source, conveyor: Conveyor, *, place: int = 0, max_frames: int | None, stopped: Callable[[], bool]
) -> None:
    """Feed the conveyor from the source at this place of a run until it ends, `max_frames` came, or `stopped` says so.

    A frame is asked for only when there is room for it, so a file waits and a live source drops at its own end. What
    goes wrong, and a live source that ends by itself, stands behind the last frame as an error.
    """
    error: BaseException | None = None
    try:
        _feed(source, conveyor, place, max_frames, stopped)
    except EdgeError as fault:
        error = fault
    except Exception as fault:  # noqa: BLE001 - crosses to the consumer's thread, which raises it
        error = SourceError(f"source {source.name} failed: {fault}")
        error.__cause__ = fault
    except BaseException as fault:  # noqa: BLE001 - likewise
        error = fault
    conveyor.end(error, source=place)


def _feed(source: Source, conveyor: Conveyor, place: int, max_frames: int | None, stopped: Callable[[], bool]) -> None:
    first_ns = source.epoch_ns
    count = 0
    frames = source.frames()
    while count != max_frames and conveyor.wait_for_room(place) and not stopped():
        begin_ns = time.monotonic_ns()
        frame = next(frames, None)
        if frame is None:
            if source.live and not stopped():
                raise CameraError(f"live source {source.name} ended; check its cable and power")
            return
        first_ns = frame.time_ns if first_ns is None else first_ns
        capture_ms = (time.monotonic_ns() - begin_ns) / 1e6
        conveyor.put(frame, time_s=_time_s(frame, first_ns), capture_ms=capture_ms, source=place)
        count += 1


def _time_s(frame: Frame, first_ns: int) -> float:
    return (frame.time_ns - first_ns) / 1e9 if frame.media_time_s is None else frame.media_time_s
