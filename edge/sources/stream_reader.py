# SPDX-License-Identifier: Apache-2.0
"""An RTSP or HTTP stream, read by FFmpeg through PyAV."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

import av
import av.error
from av.container import InputContainer

from edge.errors import UsageError
from edge.sources.live_reader import Capture, FaultReason, ReaderError
from edge.sources.stream_address import StreamAddress
from edge.sources.stream_faults import certificates, fault, fault_from_error
from edge.sources.stream_pixels import pixels_from_frame

# A playlist must not make the library open files or programs.
_PROTOCOLS = {
    "rtsp": "rtsp,rtp,tcp,udp",
    "rtsps": "rtsp,rtsps,rtp,srtp,tcp,udp,tls",
    "http": "http,https,tcp,tls,crypto",
    "https": "https,tcp,tls,crypto",
}
_MOST_FPS = 1000


class StreamReader:
    """One connection. A stream has no clock that is ours, so a picture's time is that of its arrival.

    A stream that ends is a fault: FFmpeg tells a camera that was switched off and the end of a file the same way.
    Pictures before the first key frame cannot be decoded and are counted. `read_timeout_s` is for data; a picture may
    take longer than that while data come, such as the first one where key frames are rare.

    Raises:
        ReaderError: the stream cannot be opened.
    """

    def __init__(self, address: StreamAddress, *, open_timeout_s: float, read_timeout_s: float) -> None:
        self._address = address
        self._read_timeout_s = read_timeout_s
        self._using = threading.Lock()
        self._closing = False
        self._lost = {"before the first key frame": 0, "damaged": 0}
        begin_s = time.monotonic()
        try:
            credentials = address.credentials()
        except UsageError as error:
            raise ReaderError(str(error), reason=FaultReason.settings) from None
        try:
            self._container: InputContainer = av.open(
                address.connection(credentials),
                options=_options(address, read_timeout_s),
                timeout=(open_timeout_s, read_timeout_s),
            )
        except (av.error.FFmpegError, OSError, ValueError) as error:
            timed_out = time.monotonic() - begin_s >= min(open_timeout_s, read_timeout_s)
            raise fault_from_error(error, address, timed_out=timed_out, opening=True) from None
        if not self._container.streams.video:
            self._container.close()
            raise fault(address, FaultReason.codec)
        self._stream = self._container.streams.video[0]
        self._stream.codec_context.thread_count = 1
        self._stream.codec_context.flags |= av.codec.context.Flags.low_delay
        rate = self._stream.average_rate
        self.fps: float | None = float(rate) if rate and 0 < rate < _MOST_FPS else None
        self._captures: Iterator[Capture | None] = self._decoded()

    @property
    def dropped(self) -> Mapping[str, int]:
        """Pictures that could not be decoded, by cause."""
        return {cause: count for cause, count in self._lost.items() if count}

    def read(self, timeout_s: float) -> Capture:
        """Return the next picture. Raises `ReaderError`."""
        deadline_s = time.monotonic() + timeout_s
        with self._using:
            while True:
                capture = self._next()
                if capture is not None:
                    return capture
                if time.monotonic() >= deadline_s:
                    raise fault(self._address, FaultReason.timeout)

    def close(self) -> None:
        """Let go of the stream; a read in progress lets go of it itself, at its time limit at the latest."""
        self._closing = True
        if self._using.acquire(blocking=False):
            # It refers to this object: decoders would stay until the garbage collector looks.
            self._captures = iter(())
            self._container.close()
            self._using.release()

    def _next(self) -> Capture | None:
        begin_s = time.monotonic()
        if self._closing:
            raise fault(self._address, FaultReason.ended)
        try:
            return next(self._captures)
        except StopIteration:
            raise fault(self._address, FaultReason.ended) from None
        except (av.error.FFmpegError, OSError) as error:
            timed_out = time.monotonic() - begin_s >= self._read_timeout_s
            raise fault_from_error(error, self._address, timed_out=timed_out, opening=False) from None

    def _decoded(self) -> Iterator[Capture | None]:
        """Yield pictures, and None for each packet that gave none, so that time limits are looked at."""
        has_key_frame = False
        for packet in self._container.demux(self._stream):
            time_ns = time.monotonic_ns()
            if not packet.size:
                return
            has_key_frame = has_key_frame or packet.is_keyframe
            frames = []
            if has_key_frame and not packet.is_corrupt:
                try:
                    frames = self._stream.decode(packet)
                except av.error.FFmpegError:
                    self._lost["damaged"] += 1
            else:
                self._lost["damaged" if has_key_frame else "before the first key frame"] += 1
            # Several pictures of one packet would have one time; all but the newest are history anyway.
            yield Capture(*pixels_from_frame(frames[-1]), time_ns) if frames else None


def _options(address: StreamAddress, read_timeout_s: float) -> dict[str, str]:
    options = {
        "protocol_whitelist": _PROTOCOLS[address.scheme],
        # To find out the rate, FFmpeg would hold the first second back.
        "fpsprobesize": "0",
        "analyzeduration": "1000000",
        # Microseconds until the socket itself gives up; the library's own default is never.
        "timeout": str(round(read_timeout_s * 1e6)),
    }
    if address.scheme.startswith("rtsp"):
        options |= {"rtsp_transport": address.transport, "allowed_media_types": "video"}
    if address.has_tls:
        options["tls_verify"] = str(int(address.tls_verify))
        trusted = certificates(address)
        if address.tls_verify and trusted is not None:
            options["ca_file"] = trusted
    return options
