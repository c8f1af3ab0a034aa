# SPDX-License-Identifier: Apache-2.0
"""CPU time of this process, by its threads, from /proc: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import NamedTuple

_TASKS = Path("/proc/self/task")


class ThreadTime(NamedTuple):
    """Seconds of CPU time; `python` is the name of a thread of Python's, None for one of a library's."""

    native: str
    python: str | None
    cpu_s: float


def thread_times() -> dict[int, ThreadTime]:
    """Return the times of the threads that are alive by their ids; empty where /proc does not tell."""
    named = {thread.native_id: thread.name for thread in threading.enumerate()}
    ticks_a_second = os.sysconf("SC_CLK_TCK")
    times = {}
    for path in _TASKS.glob("*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it has just ended
        # The name stands in brackets and may hold any; user and system time are fields 14 and 15.
        native, _, rest = text.partition("(")[2].rpartition(")")
        fields, number = rest.split(), int(path.parent.name)
        times[number] = ThreadTime(native, named.get(number), (int(fields[11]) + int(fields[12])) / ticks_a_second)
    return times
