# SPDX-License-Identifier: Apache-2.0
"""The process of `edge-run`."""

from __future__ import annotations

import os
import sys

PROGRAM = "edge-run"


def main() -> None:
    """Run the command and end the process with its exit code."""
    _fill_closed_streams()
    _quiet_libraries()
    try:
        # Imported here and below, so that Ctrl-C during an import is one like any other.
        from edge.cli.outcome import exit_code_of

        sys.exit(exit_code_of(PROGRAM, _parse_and_run))
    except KeyboardInterrupt:
        sys.exit(130)


def _parse_and_run() -> int:
    from edge.cli.run_options import app
    from edge.cli.run_words import with_models_repeated
    from edge.errors import UsageError

    try:
        code: int = app(with_models_repeated(sys.argv[1:]), prog_name=PROGRAM, standalone_mode=False)
    except Exception as error:
        told = getattr(error, "format_message", None)
        if told is None:
            raise
        raise UsageError(f"{told().rstrip('.')}; see {PROGRAM} --help") from error
    return code


def _fill_closed_streams() -> None:
    """Open the null device in the place of each standard stream that is closed, lest a file be opened there."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False)


def _quiet_libraries() -> None:
    """Errors are told in one sentence by this package; the decoders' own notes on standard error would bury it."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")
