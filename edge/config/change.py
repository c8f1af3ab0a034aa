# SPDX-License-Identifier: Apache-2.0
"""What of a new configuration can be applied to a run that goes on."""

from __future__ import annotations

from dataclasses import dataclass

from edge.config.config import Config

APPLIED_AT_ONCE = frozenset({"sinks", "summary"})


@dataclass(frozen=True, slots=True)
class Change:
    """The keys that differ between two configurations.

    Attributes:
        now: those that a run takes over while it goes on.
        restart: those that wait until it is started again.
    """

    now: tuple[str, ...]
    restart: tuple[str, ...]

    def __str__(self) -> str:
        if not self.now and not self.restart:
            return "nothing changed"
        told = [f"{', '.join(self.now)} applied"] if self.now else []
        told += [f"{', '.join(self.restart)} after a restart"] if self.restart else []
        return "; ".join(told)


def change(old: Config, new: Config) -> Change:
    """Return which keys differ, and what that means for a run of `old`."""
    differing = [key for key in Config.model_fields if getattr(old, key) != getattr(new, key)]
    return Change(
        tuple(key for key in differing if key in APPLIED_AT_ONCE),
        tuple(key for key in differing if key not in APPLIED_AT_ONCE),
    )
