# SPDX-License-Identifier: Apache-2.0
"""`/metrics` for Prometheus and `/healthz`, over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from edge.config.sink_settings import MetricsSettings
from edge.errors import DependencyError, OutputError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sinks.http_door import HttpDoor
from edge.sinks.secret import secret_of_sink
from edge.sinks.sink import Sink
from edge.sources.source import Source

if TYPE_CHECKING:
    from edge.sinks.metric_counts import MetricCounts


class MetricsSink(Sink):
    """Counts results and serves the counts; Prometheus comes for them, so nobody can slow anything.

    `losses` tells what the other sinks lost, by their kind.

    Raises:
        OutputError: from `open`, the address cannot be listened on, or the token cannot be read.
        DependencyError: from `open`, prometheus-client is not installed.
    """

    def __init__(self, settings: MetricsSettings, *, losses: Callable[[], Mapping[str, int]] = dict) -> None:
        self.name = f"metrics at {settings.address}:{settings.port}"
        self.port = settings.port
        self._settings, self._losses = settings, losses
        self._door: HttpDoor | None = None
        self._counts: MetricCounts | None = None
        self._newest_s: float | None = None

    def open(self, source: Source) -> None:
        """Listen. Raises `OutputError` or `DependencyError`."""
        self.open_all([source])

    def open_all(self, sources: Sequence[Source]) -> None:
        """Likewise, for several sources."""
        settings = self._settings
        token = secret_of_sink(self.name, file=settings.token_file)
        try:
            from edge.sinks.metric_counts import MetricCounts

            self._counts = MetricCounts(sources, self._losses)
        except ImportError as error:
            told = "pip install 'edge-hands[metrics]'"
            raise DependencyError(f"{self.name} needs prometheus-client, which is not installed; run {told}") from error
        self._newest_s = None
        try:
            self._door = HttpDoor(
                settings.address,
                settings.port,
                pages={"/metrics": self._counts.page, "/healthz": self._health},
                token=token,
                open_pages={"/healthz"},
                hosts=settings.hosts,
            )
        except OSError as error:
            told = "choose another address or port"
            raise OutputError(f"{self.name} cannot be listened on: {error.strerror or error}; {told}") from error
        self.port = self._door.port

    def write(self, frame: Frame, result: FrameResult) -> None:  # noqa: ARG002 - part of every sink's shape
        """Count a result."""
        if self._counts is not None:
            self._newest_s = time.monotonic()
            self._counts.add(result)

    def note_status(self, source: str, state: str) -> None:
        """Count a change of state."""
        if self._counts is not None:
            self._counts.note_status(source, state)

    def close(self) -> None:
        """Stop listening."""
        door, self._door = self._door, None
        if door is not None:
            door.close()

    def _health(self) -> tuple[str, bytes]:
        age_s = None if self._newest_s is None else round(time.monotonic() - self._newest_s, 3)
        told = {"status": "ok", "seconds_since_result": age_s}
        return "application/json", json.dumps(told).encode() + b"\n"
