# SPDX-License-Identifier: Apache-2.0
"""What keeps a sink from its work for a while, told when it begins and when it is over."""

from __future__ import annotations

import warnings
from collections.abc import Callable


def tell_by_warning(line: str) -> None:
    """Issue a `RuntimeWarning`."""
    warnings.warn(line, RuntimeWarning, stacklevel=3)


class Trouble:
    """Counts what a sink lost, by cause, and tells of the first loss and of the end of a trouble, in a line each.

    `also` tells how many more were lost that are counted elsewhere.

    Attributes:
        lost: what was lost so far, by cause.
        cause: what is wrong now; None when nothing is.
    """

    def __init__(self, name: str, tell: Callable[[str], None], *, also: Callable[[], int] = lambda: 0) -> None:
        self.lost: dict[str, int] = {}
        self.cause: str | None = None
        self._name, self._tell, self._also = name, tell, also
        self._lost_before = 0

    def begin(self, cause: str, told: str) -> None:
        """Say that something is wrong, unless that was said."""
        if self.cause is None:
            self._lost_before = self._total()
            self._tell(f"{self._name}: {told}")
        self.cause = cause

    def lose(self, cause: str, count: int = 1) -> None:
        """Count what was lost."""
        self.lost[cause] = self.lost.get(cause, 0) + count

    def end(self) -> None:
        """Say that all is well again, if it was not."""
        if self.cause is not None:
            self.cause = None
            self._tell(f"{self._name}: works again, {self._total() - self._lost_before} lost meanwhile")

    def _total(self) -> int:
        return sum(self.lost.values()) + self._also()
