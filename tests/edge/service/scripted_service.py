# SPDX-License-Identifier: Apache-2.0
"""A real service process around a camera that dies at `dies_at` and models that hang at `hang_at`, told in a file."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from edge.cli.outcome import exit_code_of
from edge.errors import ConfigError
from edge.frame import Frame, PixelFormat
from edge.pipeline.pipeline import Pipeline
from edge.service.job import ServiceJob
from edge.service.journal import log_to
from edge.service.notify import Notifier
from edge.service.sensors import Condition
from edge.service.service import Service
from edge.service.settings import ServiceSettings
from edge.service.status import status_path
from edge.sinks.json_lines import JsonLinesSink
from edge.sources.source import Source
from tests.edge.pipeline.scripted import numbered_detector, numbered_frame

FPS = 20.0


class Camera(Source):
    """Delivers frames at a rate; from frame `dies_at` on it delivers nothing and says nothing."""

    live = True

    def __init__(self, name: str, dies_at: int) -> None:
        self.name, self._dies_at = name, dies_at
        self._closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        """Yield the frames."""
        for index in range(self._dies_at):
            if self._closed.wait(1 / FPS):
                return
            yield Frame(numbered_frame(index % 100 + 1), PixelFormat.BGR, time.monotonic_ns(), index, self.name)
        self._closed.wait()

    def close(self) -> None:
        """Wake whoever waits."""
        self._closed.set()


def job_from(path: Path) -> ServiceJob:
    """Return the job that a JSON file describes."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"configuration {path} is no JSON: {error}") from error
    seen = 0

    def on_frame(_: int) -> None:
        nonlocal seen
        seen += 1
        if seen >= told.get("hang_at", float("inf")):
            threading.Event().wait()

    def open_pipeline(device: str) -> Pipeline:
        return Pipeline([numbered_detector(on_frame)], device=device, threads=1)

    return ServiceJob(
        open_sources=lambda: [Camera(told["name"], told.get("dies_at", 10**6))],
        open_pipeline=open_pipeline,
        open_sinks=lambda: [JsonLinesSink(told["lines"], appends=True)],
        device="cpu",
        settings=ServiceSettings(),
    )


def main() -> int:
    """Run it."""
    log_to()
    with Notifier.from_environment() as notifier:
        path = Path(sys.argv[1])
        service = Service(lambda: job_from(path), notifier, status_file=status_path(), sensors=Condition)
        return service.run()


if __name__ == "__main__":
    sys.exit(exit_code_of("scripted", main))
