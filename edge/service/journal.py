# SPDX-License-Identifier: Apache-2.0
"""Logs of the service: sentences for people, JSON lines for the journal, and no line a thousand times."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TextIO

LOGGER = "edge"
REPEAT_AFTER_S = 60.0
_MOST_MESSAGES = 256
# Priorities of syslog(3), which the journal takes from the head of a line: sd-daemon(3).
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7


class JournalFormatter(logging.Formatter):
    """One JSON object a line behind its priority; the journal adds the time."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), _DEBUG)
        line: dict[str, object] = {"level": record.levelname.lower(), "message": record.getMessage()}
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return f"<{priority}>{json.dumps(line, default=str)}"


class TerminalFormatter(logging.Formatter):
    """The time of day, the level where it is not information, and the sentence."""

    default_time_format = "%H:%M:%S"
    default_msec_format = ""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        level = "" if record.levelno == logging.INFO else f"{record.levelname.lower()}: "
        told = f"{self.formatTime(record)} {level}{record.getMessage()}"
        return f"{told}\n{self.formatException(record.exc_info)}" if record.exc_info else told


class RepeatFilter(logging.Filter):
    """Lets the same sentence through once in `after_s`, then with how often it came meanwhile."""

    def __init__(self, *, after_s: float = REPEAT_AFTER_S, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._after_s, self._clock = after_s, clock
        self._told: OrderedDict[tuple[int, str], tuple[float, int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write a record."""
        key, now_s = (record.levelno, record.getMessage()), self._clock()
        told_s, held_back = self._told.get(key, (-self._after_s + now_s, 0))
        if now_s - told_s < self._after_s:
            self._told[key] = told_s, held_back + 1
            self._told.move_to_end(key)
            return False
        self._told[key] = now_s, 0
        self._told.move_to_end(key)
        if len(self._told) > _MOST_MESSAGES:
            self._told.popitem(last=False)
        if held_back:
            record.msg = f"{key[1]} ({held_back} more times in the last {now_s - told_s:.0f} s)"
            record.args = ()
            record.fields = {**getattr(record, "fields", {}), "repeated": held_back}
        return True


def log_to(stream: TextIO | None = None, *, environment: Mapping[str, str] = os.environ) -> None:
    """Send what the package logs and warns of to `stream`, by default standard error, in the form its reader likes."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JournalFormatter() if is_journal(stream, environment) else TerminalFormatter())
    handler.addFilter(RepeatFilter())
    for name in (LOGGER, "py.warnings"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
    logging.getLogger(LOGGER).setLevel(logging.INFO)
    logging.captureWarnings(capture=True)


def is_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Return whether the journal reads the stream: `JOURNAL_STREAM` names its device and inode (systemd.exec(5))."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
