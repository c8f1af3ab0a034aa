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
    """While entered, SIGTERM leaves by `SystemExit` with the exit code of a terminated command.

    So does an error that comes after it: a library that was interrupted may make one of the exit.
    """
    terminated = False

    def leave(*_: object) -> None:
        nonlocal terminated
        terminated = True
        sys.exit(TERMINATED)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except Exception:
        if terminated:
            sys.exit(TERMINATED)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
