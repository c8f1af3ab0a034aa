# SPDX-License-Identifier: Apache-2.0
"""What the package logs, as lines of `edge-run` on standard error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from edge.cli.outcome import tell


class _Teller(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        tell(f"edge-run: {record.getMessage()}")


@contextmanager
def faults_told() -> Iterator[None]:
    """Tell each warning that the package logs, while entered."""
    teller = _Teller(logging.WARNING)
    log = logging.getLogger("edge")
    log.addHandler(teller)
    try:
        yield
    finally:
        log.removeHandler(teller)
