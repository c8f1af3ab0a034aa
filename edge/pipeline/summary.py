# SPDX-License-Identifier: Apache-2.0
"""What a run amounted to."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.device import Device
from edge.sources.source import SkippedFile
from edge.sources.status import SourceStatus


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Counts and times of a run, so far or at its end.

    Attributes:
        frames: results delivered.
        elapsed_s: from the start of the run to its latest result.
        fps: frames by elapsed time.
        latency_ms: p50, p95 and p99 of the time from the capture of a frame to its result; empty before the first.
        dropped: frames lost, by cause.
        device: processor that ran the models, and why that one.
        models: version of each model by its name.
        skipped: files of a folder that could not be read.
        sources: how the live sources fare.
    """

    frames: int
    elapsed_s: float
    latency_ms: Mapping[str, float]
    dropped: Mapping[str, int]
    device: Device
    models: Mapping[str, str]
    skipped: tuple[SkippedFile, ...]
    sources: tuple[SourceStatus, ...] = ()

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.frames / self.elapsed_s if self.elapsed_s > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return what `edge-run --json` prints."""
        now_s = time.monotonic()
        return {
            "fps": round(self.fps, 2),
            "frames": self.frames,
            "latency_ms": {rank: round(value_ms, 3) for rank, value_ms in self.latency_ms.items()},
            "dropped": sum(self.dropped.values()),
            "dropped_by_cause": dict(self.dropped),
            "device": self.device.name,
            "models": dict(self.models),
            "skipped": [{"path": file.path, "reason": file.reason} for file in self.skipped],
            "sources": [status.to_dict(now_s) for status in self.sources],
        }
