# SPDX-License-Identifier: Apache-2.0
"""CPU time of this process, by its threads, from /proc: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html."""

from __future__ import annotations

import os
import threading
from pathlib import Path

_TASKS = Path("/proc/self/task")


def thread_cpu_s() -> dict[str, float]:
    """Return seconds of CPU time by thread, alive ones only: `name (id)`; empty where /proc does not tell.

    Python's own names count where the thread is one of Python's.
    """
    named = {thread.native_id: thread.name for thread in threading.enumerate()}
    ticks_a_second = os.sysconf("SC_CLK_TCK")
    times_s = {}
    for path in _TASKS.glob("*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it has just ended
        # The name stands in brackets and may hold any; user and system time are fields 14 and 15.
        own_name, _, rest = text.partition("(")[2].rpartition(")")
        fields, tid = rest.split(), int(path.parent.name)
        name = named.get(tid, own_name)
        times_s[f"{name} ({tid})"] = (int(fields[11]) + int(fields[12])) / ticks_a_second
    return times_s
