# SPDX-License-Identifier: Apache-2.0
"""A lock between processes: one of them builds, the others wait for what comes of it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import OutputError

_POLL_S = 0.05


@contextmanager
def locked(path: Path, *, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of file `path`; the kernel releases it when this process ends, however it ends.

    `on_wait` is called every 50 ms while another process holds it, and may raise to give up. Raises `OutputError`.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise OutputError(f"cannot lock {path}: {error.strerror}; check space and permissions") from error
    try:
        while not _taken(descriptor):
            on_wait()
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
