# SPDX-License-Identifier: Apache-2.0
"""What every receiver of results promises."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence

from edge.errors import UsageError
from edge.frame import Frame
from edge.results import FrameResult
from edge.sources.source import Source


class Sink(abc.ABC):
    """Takes frames with their results, in order, in a thread of its own.

    A variant overrides `write`, and `open` and `close` where it owns something. All three are called from that one
    thread, `close` always and last; a sink may be given to another run after that.
    """

    name: str = "sink"
    """What errors and counts of dropped frames call it."""

    stall_timeout_s: float | None = 10.0
    """How long one call may take before the sink is given up; None for as long as the run is not told to stop."""

    one_source: bool = False
    """Whether it can tell frames of several sources not apart, and takes those of one only."""

    def open_all(self, sources: Sequence[Source]) -> None:
        """Get ready for frames of these sources; `open` is called with the first, where nothing else is said here.

        Raises `UsageError` where it takes one source only, and what `open` raises.
        """
        if self.one_source and len(sources) > 1:
            raise UsageError(f"{self.name} takes one source, got {len(sources)}; run once for each of them")
        self.open(sources[0])

    def open(self, source: Source) -> None:  # noqa: B027 - a sink that owns nothing needs neither
        """Get ready for frames of `source`, before the first one is captured.

        Raises `OutputError` or `DependencyError`.
        """

    @abc.abstractmethod
    def write(self, frame: Frame, result: FrameResult) -> None:
        """Take one frame; its pixels belong to everybody and must not be changed. Raises `OutputError`."""

    def close(self) -> None:  # noqa: B027 - likewise
        """Finish what was written. Raises `OutputError`."""

    @property
    def lost(self) -> Mapping[str, int]:
        """What it lost so far, by cause, where it goes on in spite of that."""
        return {}

    def note_status(self, source: str, state: str) -> None:  # noqa: B027 - most sinks tell nobody
        """Hear that a source changed its state; `live` is the one in which frames come.

        Called from any thread, and returns at once.
        """
