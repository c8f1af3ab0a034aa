# SPDX-License-Identifier: Apache-2.0
"""SIGTERM as an exception, for commands that have something to put in order before they end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from edge.cli.outcome import TERMINATED


@contextmanager
def leaving_on_termination() -> Iterator[None]:
    """While entered, SIGTERM leaves by `SystemExit` with the exit code of a terminated command."""
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
