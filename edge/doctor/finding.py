# SPDX-License-Identifier: Apache-2.0
"""`Finding`: one thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.errors import EdgeError

Status = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What `name` of `topic` is. A `note` may be improved, a `problem` keeps something configured from working.

    Both have a `remedy`.
    """

    topic: str
    name: str
    value: str
    status: Status = "ok"
    remedy: str | None = None


def finding_from_error(topic: str, name: str, error: EdgeError, *, status: Status = "problem") -> Finding:
    """Return the finding that an error is, its remedy what follows the last semicolon."""
    what, _, remedy = str(error).rpartition("; ")
    return Finding(topic, name, what or remedy, status, remedy)
