# SPDX-License-Identifier: Apache-2.0
"""`Owned`: something of a GPU that is released exactly once, and counted as long as it is open."""

from __future__ import annotations

import threading
from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING

from edge.errors import GpuError

if TYPE_CHECKING:
    from typing_extensions import Self


# Threads open and close at the same time, and a Counter counts wrongly then.
_COUNTING = threading.Lock()


class Owned:
    """Counted under `kind` in `open` until `close`; what a class has to release it releases in `_release`."""

    def __init__(self, kind: str, opened: Counter[str]) -> None:
        self.open = opened
        self._kind = kind
        self._closed = False
        with _COUNTING:
            opened[kind] += 1

    @property
    def closed(self) -> bool:
        """Whether it was released."""
        return self._closed

    def close(self) -> None:
        """Release it; closing twice is allowed."""
        with _COUNTING:
            if self._closed:
                return
            self._closed = True
            self.open[self._kind] -= 1
        try:
            self._release()
        except GpuError as error:
            # A GPU that is lost has released everything already.
            if not error.lost:
                raise

    def _release(self) -> None:
        """Release what the class holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
