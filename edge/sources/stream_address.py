# SPDX-License-Identifier: Apache-2.0
"""Where a stream is and how to get it: an address, its options and whose credentials."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from edge.errors import UsageError
from edge.sources.credentials import Credentials, redacted

if TYPE_CHECKING:
    from typing_extensions import Self

_CHOICES = {"transport": ("tcp", "udp"), "tls_verify": ("1", "0")}
_TEXTS = ("password_file", "password_env", "ca_file")
_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """An RTSP or HTTP stream.

    Attributes:
        name: the address as its user wrote it; it has no password.
        scheme, host, port, path: where it is; `path` begins with a slash and has the server's own query.
        user: whose password `password_file` or `password_env` names; None for anybody.
        transport: `tcp` or `udp`, for RTSP.
        tls_verify: whether the server's certificate is checked, against `ca_file` where given.
    """

    name: str
    scheme: str
    host: str
    port: int
    path: str
    user: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    transport: str = "tcp"
    tls_verify: bool = True
    ca_file: str | None = None

    @classmethod
    def from_uri(cls, uri: str) -> Self:
        """Read an address; what stands in its query and is not one of the options here is the server's.

        Raises:
            UsageError: it is not well formed, or carries a password.
        """
        shown = redacted(uri)
        if ":" in uri.partition("://")[2].rpartition("@")[0]:
            raise UsageError(
                f"source {shown!r} carries a password, which everybody on this machine could see; write"
                " scheme://USER@HOST/PATH?password_env=VARIABLE or ?password_file=FILE (an @ in a path is %40)"
            )
        try:
            parts = urlsplit(uri)
            port = parts.port
        except ValueError as error:
            raise UsageError(f"source {shown!r} is no address: {error}; write scheme://HOST[:PORT]/PATH") from None
        if not parts.hostname or any(character.isspace() or not character.isprintable() for character in uri):
            raise UsageError(f"source {shown!r} names no host; write {parts.scheme}://HOST[:PORT]/PATH")
        options, query = _options_from_query(parts.query, shown)
        address = cls(
            name=shown,
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            path=(parts.path or "/") + (f"?{query}" if query else ""),
            user=None if parts.username is None else unquote(parts.username),
            password_file=options.get("password_file"),
            password_env=options.get("password_env"),
            transport=options.get("transport", "tcp"),
            tls_verify=options.get("tls_verify", "1") == "1",
            ca_file=options.get("ca_file"),
        )
        _check(address)
        return address

    @property
    def has_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme in {"rtsps", "https"}

    def credentials(self) -> Credentials | None:
        """Return user and password as they are now; None where the address names none. Raises `UsageError`."""
        user = self.user or ""
        if self.password_file is not None:
            return Credentials.from_file(user, Path(self.password_file).expanduser())
        if self.password_env is not None:
            return Credentials.from_environment(user, self.password_env)
        return None if self.user is None else Credentials(user, "")

    def connection(self, credentials: Credentials | None) -> str:
        """Return the address for whoever connects, with the password in it: never show it."""
        userinfo = "" if credentials is None else f"{credentials.userinfo}@"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{userinfo}{host}:{self.port}{self.path}"


def _options_from_query(query: str, shown: str) -> tuple[dict[str, str], str]:
    options: dict[str, str] = {}
    others: list[str] = []
    for item in query.split("&"):
        key, _, value = item.partition("=")
        if key not in _CHOICES and key not in _TEXTS:
            others.append(item)
            continue
        if key in options:
            raise UsageError(f"option {key!r} is given twice in source {shown!r}; give it once")
        options[key] = unquote(value)
        if key in _CHOICES and options[key] not in _CHOICES[key]:
            expected = " or ".join(_CHOICES[key])
            raise UsageError(f"option {key!r} in source {shown!r} must be {expected}, got {value!r}")
        if not options[key]:
            raise UsageError(f"option {key!r} in source {shown!r} is empty; name one or leave it out")
    return options, "&".join(filter(None, others))


def _check(address: StreamAddress) -> None:
    if address.password_file is not None and address.password_env is not None:
        raise UsageError(f"source {address.name!r} has password_file and password_env; give one of them")
    has_password = address.password_file is not None or address.password_env is not None
    if has_password and not address.user:
        raise UsageError(f"source {address.name!r} has a password and no user; write {address.scheme}://USER@HOST/PATH")
    if address.ca_file is not None and not Path(address.ca_file).expanduser().is_file():
        raise UsageError(
            f"source {address.name!r} names ca_file {address.ca_file}, which is not there; name a PEM file"
        )
    address.credentials()
