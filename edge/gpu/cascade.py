# SPDX-License-Identifier: Apache-2.0
"""`Cascade`: all tasks for pictures of one size, from pixels to hands, as one piece of work of a stream."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from edge.decoders import MaskDecoder
from edge.errors import ModelError, UsageError
from edge.frame import Frame, PixelFormat
from edge.gpu.arrays import DevicePicture
from edge.gpu.detection import Detection
from edge.gpu.device import Gpu, Stream
from edge.gpu.looks import HandsAt
from edge.gpu.replay import Replay
from edge.gpu.rounds import Round
from edge.results import Hands
from edge.runners.stream_model import StreamModel
from edge.tasks.detector import HandDetector
from edge.tasks.hand_task import HandTask
from edge.tasks.task import Task

if TYPE_CHECKING:
    from typing_extensions import Self

MOST_ADDRESSES = 16
"""How many places of frames keep a graph of their own."""


class Cascade:
    """`tasks` for frames of the size and format of `frame`, the looks at `hands` hands at once.

    A frame with more hands takes a second round for as many as the detector may find. Raises `UsageError` for tasks
    that need the processor, `ModelError` and `GpuError`.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        models: Mapping[str, StreamModel],
        gpu: Gpu,
        stream: Stream,
        frame: Frame,
        *,
        hands: int,
        capture: bool = True,
    ) -> None:
        detector, looking = divided(tasks)
        self._looking, self._models = looking, models
        self._gpu, self._stream, self._capture = gpu, stream, capture
        self._size: tuple[PixelFormat, int, int] = frame.pixel_format, frame.width_px, frame.height_px
        self._most = detector.decoder.max_hands
        self._replays: dict[tuple[int, Round], Replay] = {}
        self._crowd: Round | None = None
        with ExitStack() as opened:
            self._detection = Detection(detector, models[detector.name], gpu, stream, opened, frame=frame)
            rows, fields = min(hands, self._most), Detection.fields(detector)
            self._round = Round(looking, models, gpu, stream, opened, rows=rows, more=fields)
            self._opened = opened.pop_all()

    @property
    def refusal(self) -> ModelError | None:
        """Why the work could not be captured as a graph, if it could not."""
        return next((replay.refusal for replay in self._replays.values() if replay.refusal is not None), None)

    @property
    def nodes(self) -> int:
        """How many operations the last graph has; 0 before there is one."""
        return max((replay.nodes for replay in self._replays.values()), default=0)

    def queue(self, pixels: int) -> None:
        """Queue all that is done to a frame whose packed pixels lie at this address. Raises `ModelError`."""

        def work(picture: DevicePicture) -> None:
            self._round.begin()
            self._round.queue(picture, self._detection.queue(picture, self._round.results.addresses))

        self._replayed(pixels, self._round, work)

    @property
    def crowded(self) -> bool:
        """Whether the frame has more hands than were looked at, once its answers are there."""
        return bool(self._looking) and int(self._round.results.arrays["count"][0]) > self._round.rows

    def queue_crowd(self, pixels: int) -> None:
        """Queue the looks at all hands of the frame just done. Raises `ModelError`."""
        if self._crowd is None:
            self._crowd = Round(
                self._looking, self._models, self._gpu, self._stream, self._opened, rows=self._most, more={}
            )
        crowd, at = self._crowd, self._round.results.addresses
        hands = HandsAt(at["boxes"], at["scores"], at["count"])

        def work(picture: DevicePicture) -> None:
            crowd.begin()
            crowd.queue(picture, hands)

        self._replayed(pixels, crowd, work)

    def tell(self) -> Hands:
        """Return the hands of the frame, once its answers are there. Raises `ModelError`."""
        done = self._crowd if self._crowd is not None and self.crowded else self._round
        return done.tell(*Detection.tell(self._round.results.arrays))

    def close(self) -> None:
        """Release everything; the work must be done. Closing twice is allowed."""
        while self._replays:
            self._replays.popitem()[1].close()
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _replayed(self, pixels: int, whose: Round, work: Callable[[DevicePicture], None]) -> None:
        replay = self._replays.get((pixels, whose))
        if replay is None:
            if len(self._replays) >= MOST_ADDRESSES:
                self._replays.pop(next(iter(self._replays))).close()
            picture = DevicePicture(pixels, *self._size)
            replay = Replay(self._stream, lambda: work(picture), capture=self._capture)
            self._replays[pixels, whose] = replay
        replay.queue()


def divided(tasks: Sequence[Task]) -> tuple[HandDetector, tuple[HandTask, ...]]:
    """Return the task that finds hands and those that look at them. Raises `UsageError` where a GPU cannot do both."""
    detectors = [task for task in tasks if isinstance(task, HandDetector)]
    looking = tuple(task for task in tasks if isinstance(task, HandTask))
    if len(detectors) != 1 or len(detectors) + len(looking) != len(tasks):
        names = ", ".join(f"{task.name} ({type(task).__name__})" for task in tasks)
        raise UsageError(f"a GPU runs one HandDetector and tasks about its hands, got {names}; use --device cpu")
    segmenter = next((task for task in looking if isinstance(task.contract.decoder, MaskDecoder)), None)
    if segmenter is not None:
        raise UsageError(f"a GPU tells no masks, which {segmenter.name} is for; leave it out, or use --device cpu")
    return detectors[0], looking
