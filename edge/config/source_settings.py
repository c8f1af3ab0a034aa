# SPDX-License-Identifier: Apache-2.0
"""`SourceSettings`: one source, and how to be let in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, Field, model_validator

from edge.strict_model import StrictModel

NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"


def _well_formed(uri: str) -> str:
    if not uri.strip():
        raise ValueError("a uri must not be empty; name a file, a folder, v4l2:/dev/videoN or test:hands")
    return uri


class SourceSettings(StrictModel):
    """One source.

    Attributes:
        uri: what `edge.open_source` takes.
        name: what results, topics and metrics call it; null for its uri.
        user: name at a camera that asks for one.
        password_file, password_env: file or environment variable that holds the password.
    """

    uri: Annotated[str, AfterValidator(_well_formed), Field(description="File, folder, camera, stream or test:hands.")]
    name: Annotated[
        str | None, Field(pattern=NAME_PATTERN, description="What results, topics and metrics call it.")
    ] = None
    user: Annotated[str | None, Field(min_length=1, description="Name at a camera that asks for one.")] = None
    password_file: Annotated[Path | None, Field(description="File whose first line is the password.")] = None
    password_env: Annotated[
        str | None, Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$", description="Environment variable with the password.")
    ] = None

    @model_validator(mode="after")
    def _one_password(self) -> SourceSettings:
        if self.password_file is not None and self.password_env is not None:
            raise ValueError("password_file and password_env exclude each other; give one of them")
        if self.user is None and (self.password_file is not None or self.password_env is not None):
            raise ValueError("a password needs its user; add user:")
        if self.user is not None and ("://" not in self.uri or "@" in urlsplit(self.uri).netloc):
            raise ValueError("user is for a stream whose uri names none; write uri: rtsp://HOST/PATH")
        if self.user is not None and "#" in self.uri:
            raise ValueError("uri has a #, which no server gets to see; leave it out, or write %23 for one in a path")
        return self

    @model_validator(mode="after")
    def _no_password_in_uri(self) -> SourceSettings:
        if has_password(self.uri):
            raise ValueError(
                "uri carries a password, which others could read; write scheme://USER@HOST/PATH?password_env=VARIABLE"
                " or ?password_file=FILE, or give user: and password_env: or password_file:"
            )
        return self

    @property
    def address(self) -> str:
        """What `edge.open_source` takes: the uri, with the user and where the password is."""
        if self.user is None:
            return self.uri
        scheme, _, rest = self.uri.partition("://")
        secret = {"password_file": self.password_file, "password_env": self.password_env}
        options = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in secret.items() if value is not None)
        joint = "&" if "?" in rest else "?"
        return f"{scheme}://{quote(self.user, safe='')}@{rest}{joint if options else ''}{options}"


def has_password(uri: str) -> bool:
    """Return whether a URL may hold a password, which can have any character if it was not escaped.

    An at-sign behind a colon counts; a path of this machine that has both does not.
    """
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", uri):
        return False
    return ":" in uri.partition("://")[2].rpartition("@")[0]
