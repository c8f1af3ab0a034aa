# SPDX-License-Identifier: Apache-2.0
"""How a command ends: exit codes, and one sentence instead of a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

from edge.errors import EdgeError

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
  130  interrupted (Ctrl-C), everything written
  143  terminated (SIGTERM), everything written
"""


def exit_code_of(program: str, work: Callable[[], int]) -> int:
    """Do the work of a command; return its exit code, or that of its error after telling it on standard error."""
    try:
        return work()
    except EdgeError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of standard output is gone; keep Python from complaining about it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 6
    except Exception as error:  # noqa: BLE001 - the border: nobody above could tell the user anything
        if os.environ.get("EDGE_TRACEBACK"):
            traceback.print_exc()
        told = f"{type(error).__name__}: {error}"
        print(f"{program}: internal error, {told}; set EDGE_TRACEBACK=1 and report what it prints", file=sys.stderr)
        return EdgeError.exit_code
