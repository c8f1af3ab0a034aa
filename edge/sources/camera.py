# SPDX-License-Identifier: Apache-2.0
"""A V4L2 camera, read in a thread of its own so that whoever asks gets the newest frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

from edge.errors import CameraError
from edge.frame import Frame
from edge.sources.live_reader import LiveReader
from edge.sources.source import Source
from edge.sources.v4l2_settings import V4l2Settings

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 2.0


class CameraSource(Source):
    """The newest frames of a camera; a frame that was not fetched before the next one came is dropped and counted.

    The device is opened and read in one thread, and that thread alone can block in it: opening longer than
    `open_timeout_s` or delivering nothing for `read_timeout_s` is an error on the caller's side.

    Raises:
        CameraError: the camera cannot be opened; from `frames`, it stalled or stopped.
    """

    live = True

    def __init__(
        self,
        name: str,
        open_reader: Callable[[], LiveReader],
        *,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self.name = name
        self._open_reader = open_reader
        self._read_timeout_s = read_timeout_s
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._fault: BaseException | None = None
        self._opened = self._closing = False
        self._dropped = 0
        self._thread = threading.Thread(target=self._capture, name=f"camera {name}", daemon=True)
        self._thread.start()
        with self._changed:
            self._changed.wait_for(lambda: self._opened or self._fault is not None, open_timeout_s)
        if self._fault is not None:
            raise self._fault
        if not self._opened:
            self._closing = True
            raise CameraError(f"camera {name} did not open within {open_timeout_s:g} s; unplug it and plug it in again")

    @classmethod
    def from_uri(cls, uri: str) -> CameraSource:
        """Open `v4l2:/dev/videoN[?width=&height=&fps=]`; the camera chooses the nearest mode it has.

        Raises:
            UsageError: the device or an option is not well formed.
            CameraError: the camera is absent, busy or does not open.
        """
        settings = V4l2Settings.from_uri(uri)

        def open_reader() -> LiveReader:
            from edge.sources.v4l2_reader import V4l2Reader

            return V4l2Reader(settings)

        return cls(uri, open_reader)

    @property
    def dropped(self) -> Mapping[str, int]:
        """Frames replaced by a newer one before anybody fetched them."""
        return {"newer frame came": self._dropped} if self._dropped else {}

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame each time, waiting for one that was not yielded before."""
        self._dropped = 0
        while True:
            with self._changed:
                ready = self._changed.wait_for(self._has_news, self._read_timeout_s)
                frame, self._newest = self._newest, None
                fault = self._fault
            if frame is not None:
                yield frame
            elif self._closing:
                return
            elif fault is not None:
                raise fault
            elif not ready:
                raise CameraError(
                    f"camera {self.name} delivered no frame for {self._read_timeout_s:g} s; check its cable and power"
                )

    def close(self) -> None:
        """Release the camera; the thread ends with the read it is in."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(self._read_timeout_s)

    def _has_news(self) -> bool:
        return self._newest is not None or self._fault is not None or self._closing

    def _capture(self) -> None:
        reader = None
        try:
            reader = self._open_reader()
            self.fps = reader.fps
            self._announce_opened()
            index = 0
            while not self._closing:
                self._publish(self._read(reader, index))
                index += 1
        except BaseException as fault:  # noqa: BLE001 - crosses to the thread that reads frames, which raises it
            with self._changed:
                self._fault = fault
                self._changed.notify_all()
        finally:
            if reader is not None:
                reader.close()

    def _read(self, reader: LiveReader, index: int) -> Frame:
        capture = reader.read(self._read_timeout_s)
        return Frame(capture.pixels, capture.pixel_format, capture.time_ns, index, self.name)

    def _announce_opened(self) -> None:
        with self._changed:
            self._opened = True
            self._changed.notify_all()

    def _publish(self, frame: Frame) -> None:
        with self._changed:
            self._dropped += self._newest is not None
            self._newest = frame
            self._changed.notify_all()
