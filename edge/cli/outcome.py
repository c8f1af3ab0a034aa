# SPDX-License-Identifier: Apache-2.0
"""How a command ends: exit codes, and one sentence instead of a traceback."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress

from edge.errors import EdgeError, OutputError

# What print raises, which names no file, where standard output is full or gone.
_OUTPUT_FAULTS = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})

INTERRUPTED = 130
TERMINATED = 143

EXIT_CODES = """\b
Exit codes:
    0  success
    1  internal error
    2  wrong option, value or name
    3  source missing, unreadable, empty or truncated; camera absent, busy or stopped
    4  bundle damaged or not valid
    5  model failed
    6  output cannot be written
    7  optional package or device missing
  129  hung up (SIGHUP), everything written
  130  interrupted (Ctrl-C), everything written
  143  terminated (SIGTERM), everything written
"""


def exit_code_of(program: str, work: Callable[[], int]) -> int:
    """Do the work of a command; return its exit code, or that of its error after telling it on standard error."""
    try:
        code = work()
        if sys.stdout is not None:
            sys.stdout.flush()
    except EdgeError as error:
        _give_up_output()
        tell(f"{program}: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the border: nobody above could tell the user anything
        return _code_of_other(program, error)
    return code


def tell(line: str) -> None:
    """Print a line on standard error, if anybody takes it."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(line, file=sys.stderr)


def _code_of_other(program: str, error: Exception) -> int:
    if isinstance(error, OSError) and error.errno in _OUTPUT_FAULTS and error.filename is None:
        _give_up_output()
        if not isinstance(error, BrokenPipeError):
            tell(f"{program}: an output cannot be written: {error.strerror}; make room or send it elsewhere")
        return OutputError.exit_code
    if os.environ.get("EDGE_TRACEBACK"):
        traceback.print_exc()
    told = f"{type(error).__name__}: {error}"
    tell(f"{program}: internal error, {told}; set EDGE_TRACEBACK=1 and report what it prints")
    return EdgeError.exit_code


def _give_up_output() -> None:
    """Keep Python from complaining once more at exit, when standard output cannot be written."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
