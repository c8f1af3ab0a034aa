# SPDX-License-Identifier: Apache-2.0
"""`edge-service run`: the process of the service."""

from __future__ import annotations

from pathlib import Path

from edge.service.configuration import job_from_file
from edge.service.installation import CONFIGURATION
from edge.service.journal import log_to
from edge.service.notify import Notifier
from edge.service.sensors import sensors_of
from edge.service.service import Service
from edge.service.status import status_path
from edge.telemetry import Telemetry


def run(config: Path | None) -> int:
    """Run until a signal ends it; return the exit code. Raises `EdgeError`."""
    path = CONFIGURATION if config is None else config
    log_to()
    with Notifier.from_environment() as notifier, Telemetry() as telemetry:
        service = Service(
            lambda: job_from_file(path), notifier, status_file=status_path(), sensors=sensors_of(telemetry)
        )
        return service.run()
