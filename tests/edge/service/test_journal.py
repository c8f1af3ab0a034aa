# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.service.journal import JournalFormatter, RepeatFilter, TerminalFormatter, is_journal, log_to


def record(message: str, level: int = logging.INFO, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("edge.service", level, __file__, 1, message, arguments, None)


@pytest.mark.parametrize(
    ("level", "priority"), [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3)]
)
def test_a_line_for_the_journal_is_json_behind_its_priority(level: int, priority: int) -> None:
    line = JournalFormatter().format(record("two\nlines of %s", level, "text"))
    assert line.startswith(f"<{priority}>")
    assert "\n" not in line
    assert json.loads(line[3:])["message"] == "two\nlines of text"


def test_a_traceback_stays_in_its_line() -> None:
    try:
        int("of its own")
    except ValueError:
        told = record("failed")
        told.exc_info = sys.exc_info()
    line = JournalFormatter().format(told)
    assert "\n" not in line
    assert "ValueError: invalid literal" in json.loads(line[3:])["traceback"]


def test_a_line_for_a_terminal_is_a_sentence() -> None:
    assert TerminalFormatter().format(record("works")).endswith(" works")
    assert TerminalFormatter().format(record("fails", logging.ERROR)).endswith(" error: fails")


def test_the_same_sentence_comes_once_and_then_with_its_count() -> None:
    now_s = 0.0
    repeats, passed = RepeatFilter(after_s=60, clock=lambda: now_s), []
    for _ in range(1000):
        told = record("the disk is full", logging.ERROR)
        if repeats.filter(told):
            passed.append((now_s, told.getMessage()))
        assert repeats.filter(record(f"another at {now_s}"))
        now_s += 0.1
    assert passed == [
        (0.0, "the disk is full"),
        (pytest.approx(60, abs=0.2), "the disk is full (599 more times in the last 60 s)"),
    ]


def test_ever_new_sentences_take_no_more_memory() -> None:
    repeats = RepeatFilter()
    for number in range(5000):
        repeats.filter(record(f"sentence {number}"))
    assert len(repeats._told) <= 256


def test_the_journal_is_known_by_its_stream(tmp_path: Path) -> None:
    with (tmp_path / "stream").open("w") as stream:
        status = os.fstat(stream.fileno())
        assert is_journal(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"})
        assert not is_journal(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino + 1}"})
        assert not is_journal(stream, {})
    assert not is_journal(io.StringIO(), {"JOURNAL_STREAM": "1:1"})


@pytest.fixture
def _own_logging() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in ("edge", "py.warnings")]
    before = [(logger, logger.handlers, logger.propagate, logger.level) for logger in loggers]
    yield
    logging.captureWarnings(capture=False)
    for logger, handlers, propagate, level in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.mark.usefixtures("_own_logging")
def test_warnings_of_libraries_and_of_the_package_go_where_logs_go() -> None:
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        log_to(stream, environment={})
        warnings.warn("a lane went on on the processor", RuntimeWarning, stacklevel=1)
        logging.getLogger("edge.sources.live").warning("the camera is away")
        logging.captureWarnings(capture=False)
    assert "a lane went on on the processor" in stream.getvalue()
    assert "the camera is away" in stream.getvalue()
