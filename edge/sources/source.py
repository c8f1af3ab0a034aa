# SPDX-License-Identifier: Apache-2.0
"""What every source of frames promises."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from edge.frame import Frame

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that was passed over, and why."""

    path: str
    reason: str


class Source(abc.ABC):
    """Frames in order, from one place; a variant overrides `frames` and whatever else differs from the defaults.

    Everything that can be wrong with the place is found out by the constructor, so that an error comes before any work.
    """

    name: str
    """What results carry as their source."""

    live: bool = False
    """A live source goes on by itself: it drops frames that nobody fetched in time, and its end is a fault."""

    continuous: bool = True
    """Whether a frame shows what the one before it showed, a moment later; pictures do not."""

    fps: float | None = None
    """Nominal frames a second; None for pictures, and where a recording or camera does not say."""

    frame_count: int | None = None
    """How many frames there are, as far as it is known beforehand; None where it is not."""

    epoch_ns: int | None = None
    """What times of a live source's results count from, on the monotonic clock; None for its first frame."""

    used: bool = False
    """Whether a run has taken the frames; they come once."""

    @abc.abstractmethod
    def frames(self) -> Iterator[Frame]:
        """The frames; called once, from the thread that captures.

        `Frame.index` counts from 0 without repeats, and the pixels of a frame handed out are never written again.

        Raises:
            SourceError: the source is damaged, ends early, or was live and stopped.
        """

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames lost so far, by cause: those a live source was not asked for in time, and damaged ones."""
        return {}

    @property
    def skipped(self) -> tuple[SkippedFile, ...]:
        """Files passed over so far because they could not be read."""
        return ()

    def stop(self) -> None:  # noqa: B027 - a source that does not wait for anything has nothing to cut short
        """Let `frames` end soon, where it may wait for long; called from any thread, or a signal handler."""

    def close(self) -> None:  # noqa: B027 - a source in memory has nothing to let go of
        """Let go of the place; may be called from another thread, and twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
