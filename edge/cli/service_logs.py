# SPDX-License-Identifier: Apache-2.0
"""`edge-service logs`: the journal of the service, in sentences."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime

from edge.errors import DependencyError
from edge.service.unit import FILE


def logs(lines: int, *, follow: bool) -> int:
    """Print the latest `lines` and, with `follow`, what comes. Raises `DependencyError` without a journal."""
    words = ["journalctl", "--unit", FILE, "--output", "json", "--lines", str(lines), *(["--follow"] if follow else [])]
    try:
        journal = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603 - the system's own
    except OSError as error:
        raise DependencyError("journalctl is not installed; the service logs into the journal of systemd") from error
    with journal:
        try:
            for line in journal.stdout or ():
                print(sentence_from_entry(line), flush=True)
        finally:
            journal.terminate()
    return 0


def sentence_from_entry(line: str) -> str:
    """Return the sentence of an entry of the journal as `--output json` writes it, with its time for show."""
    try:
        entry = json.loads(line)
        when = datetime.fromtimestamp(int(entry["__REALTIME_TIMESTAMP"]) / 1e6).astimezone()
        message = entry["MESSAGE"]
    except (ValueError, KeyError, TypeError):
        return line.rstrip("\n")
    level = ""
    try:
        told = json.loads(message)
        message, level = told["message"], told["level"]
    except (ValueError, KeyError, TypeError):
        pass  # a line of systemd's own, or of a library
    return f"{when:%Y-%m-%d %H:%M:%S} {'' if level in {'', 'info'} else f'{level}: '}{message}"
