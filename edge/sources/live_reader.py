# SPDX-License-Identifier: Apache-2.0
"""`LiveReader`: what one way of reading a live source promises to the one that supervises it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from edge.errors import CameraError
from edge.frame import PixelFormat, Pixels


class FaultReason(enum.Enum):
    """Why a live source does not deliver."""

    not_found = "not_found"
    busy = "busy"
    permission = "permission"
    authentication = "authentication"
    tls_certificate = "tls_certificate"
    tls_handshake = "tls_handshake"
    connection = "connection"
    timeout = "timeout"
    ended = "ended"
    removed = "removed"
    truncated = "truncated"
    codec = "codec"
    settings = "settings"


class ReaderError(CameraError):
    """A live source could not be opened or stopped delivering; `reason` says which kind of fault it is."""

    def __init__(self, message: str, *, reason: FaultReason) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """A picture as a reader got it.

    Attributes:
        pixels: as `Frame.pixels` of that format, never written again by the reader as long as somebody holds it.
        time_ns: when it was captured, on the monotonic clock; the driver's own time where it tells one.
    """

    pixels: Pixels
    pixel_format: PixelFormat
    time_ns: int


class LiveReader(Protocol):
    """An open live source, used by one thread; made by a function that opens it and raises `ReaderError`.

    One that loses pictures by itself may have `dropped: Mapping[str, int]`, their number so far by cause.
    """

    fps: float | None
    """Nominal frames a second, where the source tells."""

    def read(self, timeout_s: float) -> Capture:
        """Return the next picture. Raises `ReaderError`, with `timeout` if none came within `timeout_s`."""

    def close(self) -> None:
        """Let go of the source; allowed twice, and from another thread to end a `read`."""
