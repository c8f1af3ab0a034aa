# SPDX-License-Identifier: Apache-2.0
"""User names and passwords of streams: where they come from, and how they stay out of everything that is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from edge.errors import UsageError
from edge.secret import secret_from_environment, secret_from_file

if TYPE_CHECKING:
    from typing_extensions import Self

_SCHEMES = ("rtsp://", "rtsps://", "http://", "https://")
_HIDDEN = "***"
_VALUE_HIDDEN = rf"\g<1>{_HIDDEN}"
_BEGIN = re.compile(r"[A-Za-z][\w+.-]*:?//|//|[A-Za-z][\w+.-]*:/")
_SECRET_VALUE = re.compile(
    r"([?&;/_](?!password_(?:file|env)=)(?:\w*pas\w*|\w*pwd|psw|token|secret|auth\w*|api_?key)=)[^&;]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password, which no repr shows."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def from_file(cls, user: str, file: Path) -> Self:
        """Return the password that is the first line of a file. Raises `UsageError`."""
        try:
            return cls(user, secret_from_file(file))
        except ValueError as error:
            raise UsageError(str(error)) from None

    @classmethod
    def from_environment(cls, user: str, variable: str) -> Self:
        """Return the password that an environment variable holds. Raises `UsageError`."""
        try:
            return cls(user, secret_from_environment(variable))
        except ValueError as error:
            raise UsageError(str(error)) from None

    @property
    def userinfo(self) -> str:
        """What stands before the @ of an address, for whoever connects; never show it."""
        return f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"


def redacted(address: str) -> str:
    """Return an address as it may be shown: nothing that stands where a password might is left of it.

    That also goes for one whose scheme is missing or not written well. A password that was not escaped may hold any
    character of an address, so all up to the last @ counts.
    """
    begin = _BEGIN.match(address)
    scheme, rest = (begin[0], address[begin.end() :]) if begin else ("", address)
    before, at, behind = rest.rpartition("@")
    # What looks like a scheme may be a user, and what looks like a user a password.
    if ":" in before or (at and scheme.lower() not in _SCHEMES):
        rest = f"{_HIDDEN}@{behind}"
    elif at:
        rest = f"{before}@{behind}"
    return f"{scheme}{_SECRET_VALUE.sub(_VALUE_HIDDEN, rest)}"
