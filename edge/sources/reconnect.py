# SPDX-License-Identifier: Apache-2.0
"""`Reconnect`: which faults of a live source are survived."""

from __future__ import annotations

import enum

from edge.errors import UsageError


class Reconnect(str, enum.Enum):
    """When a live source that failed is opened again.

    never: no fault is survived.
    once_live: every fault after the first picture; one before it is an error, for the name may be wrong.
    always: every fault, and whoever opened it does not wait for it.
    """

    never = "never"
    once_live = "once_live"
    always = "always"

    @classmethod
    def from_name(cls, name: Reconnect | str) -> Reconnect:
        """Return what a name stands for. Raises `UsageError`."""
        try:
            return cls(name)
        except ValueError:
            names = ", ".join(known.value for known in cls)
            raise UsageError(f"reconnect must be one of {names}, got {name!r}") from None
