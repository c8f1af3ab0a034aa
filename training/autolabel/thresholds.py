# SPDX-License-Identifier: Apache-2.0
"""`Thresholds`: from which score a found hand is a label, and from which it may be one."""

from __future__ import annotations

from dataclasses import dataclass

from edge.errors import UsageError


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From `keep` on a hand is a label; from `doubt` on it is marked as a place where one may be; below it is nothing.

    Raises `UsageError` unless 0 <= doubt <= keep <= 1.
    """

    keep: float = 0.6
    doubt: float = 0.3

    def __post_init__(self) -> None:
        if not 0 <= self.doubt <= self.keep <= 1:
            raise UsageError(
                f"expected 0 <= doubt <= keep <= 1, got doubt {self.doubt} and keep {self.keep}; change one of them"
            )
