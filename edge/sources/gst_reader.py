# SPDX-License-Identifier: Apache-2.0
"""`GstReader`: pictures of a GStreamer pipeline."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from edge.frame import PixelFormat, Pixels
from edge.sources.gst_chain import Caps, Chain, Element
from edge.sources.gst_faults import fault_from_error
from edge.sources.gst_library import GstLibrary, load_gst, missing_element
from edge.sources.live_reader import Capture, FaultReason, ReaderError

_SLICE_NS = 100_000_000
"""How long at most an error that the pipeline told of goes unnoticed."""

_OLDEST_NS = 60 * 10**9
_FORMATS = {"NV12": PixelFormat.NV12, "BGR": PixelFormat.BGR}


class GstReader:
    """The newest pictures of a chain of elements; it is at rest (`NULL`) again once this is closed.

    Raises:
        DependencyError: GStreamer or one of the elements is not installed.
        ReaderError: the pipeline does not start.
    """

    def __init__(self, chain: Chain) -> None:
        self.fps = chain.fps
        self._name = chain.name
        self._library = load_gst()
        self._closing, self._closed = threading.Lock(), False
        self._pipeline, self._sink = _build(self._library, chain)
        gst = self._library.gst
        if self._pipeline.set_state(gst.State.PLAYING) == gst.StateChangeReturn.FAILURE:
            fault = self._fault() or ReaderError(
                f"source {self._name} does not start; run edge-doctor", reason=FaultReason.connection
            )
            self.close()
            raise fault

    def read(self, timeout_s: float) -> Capture:
        """Return the newest picture, waiting for one. Raises `ReaderError`."""
        deadline_ns = time.monotonic_ns() + int(timeout_s * 1e9)
        while True:
            left_ns = deadline_ns - time.monotonic_ns()
            sample = self._sink.try_pull_sample(max(0, min(left_ns, _SLICE_NS)))
            if self._closed:
                raise ReaderError(f"source {self._name} was closed", reason=FaultReason.ended)
            if sample is not None:
                return self._capture(sample)
            fault = self._fault()
            if fault is not None:
                raise fault
            if self._sink.is_eos():
                raise ReaderError(f"source {self._name} ended; start it again", reason=FaultReason.ended)
            if left_ns <= 0:
                raise ReaderError(
                    f"source {self._name} delivered no frame for {timeout_s:g} s; check its cable and power",
                    reason=FaultReason.timeout,
                )

    def close(self) -> None:
        """Put the pipeline at rest; a `read` in another thread ends."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._pipeline.set_state(self._library.gst.State.NULL)

    def _capture(self, sample: Any) -> Capture:  # noqa: ANN401 - GStreamer has no types
        info = self._library.video.VideoInfo.new_from_caps(sample.get_caps())
        buffer = sample.get_buffer()
        meta = self._library.video.buffer_get_video_meta(buffer)
        stride = (meta or info).stride[0]
        chroma = (meta or info).offset[1]
        data = np.frombuffer(buffer.extract_dup(0, buffer.get_size()), np.uint8)
        pixel_format = _FORMATS[info.finfo.name]
        pixels = _pixels(data, pixel_format, (info.height, info.width), stride, chroma)
        return Capture(pixels, pixel_format, self._time_ns(sample, buffer.pts))

    def _time_ns(self, sample: Any, pts_ns: int) -> int:  # noqa: ANN401
        """Return when a picture was captured; the pipeline's clock is mostly the monotonic one."""
        now_ns = time.monotonic_ns()
        if pts_ns == self._library.gst.CLOCK_TIME_NONE:
            return now_ns
        running_ns = sample.get_segment().to_running_time(self._library.gst.Format.TIME, pts_ns)
        time_ns = int(self._pipeline.get_base_time() + running_ns)
        return time_ns if now_ns - _OLDEST_NS < time_ns <= now_ns else now_ns

    def _fault(self) -> ReaderError | None:
        message = self._pipeline.get_bus().pop_filtered(self._library.gst.MessageType.ERROR)
        return None if message is None else fault_from_error(self._library, self._name, message.parse_error()[0])


def _pixels(data: Pixels, pixel_format: PixelFormat, hw: tuple[int, int], stride: int, chroma: int) -> Pixels:
    height, width = hw
    if pixel_format is PixelFormat.BGR:
        return as_strided(data, (height, width, 3), (stride, 3, 1), writeable=False)
    if chroma == stride * height:
        return as_strided(data, (height * 3 // 2, width), (stride, 1), writeable=False)
    luma = as_strided(data, (height, width), (stride, 1), writeable=False)
    return np.concatenate([luma, as_strided(data[chroma:], (height // 2, width), (stride, 1), writeable=False)])


def _build(library: GstLibrary, chain: Chain) -> tuple[Any, Any]:
    """Return a pipeline of the chain, and the sink at its end, which keeps the newest picture alone."""
    gst = library.gst
    sink = Element("appsink", {"drop": True, "max-buffers": 1, "sync": chain.decodes is not None, "qos": False})
    pipeline = gst.Pipeline.new(None)
    elements = [_element(library, link) for link in (*chain.links, sink)]
    for element in elements:
        pipeline.add(element)
    for place, (element, following) in enumerate(pairwise(elements)):
        if place == chain.decodes:
            element.connect("pad-added", _link_pictures, following)
        else:
            element.link(following)
    return pipeline, elements[-1]


def _element(library: GstLibrary, link: Element | Caps) -> Any:  # noqa: ANN401
    if isinstance(link, Caps):
        made = library.gst.ElementFactory.make("capsfilter", None)
        made.set_property("caps", library.gst.Caps.from_string(link.text))
        return made
    made = library.gst.ElementFactory.make(link.factory, None)
    if made is None:
        raise missing_element(link.factory)
    for name, value in link.properties.items():
        made.set_property(name, value)
    return made


def _link_pictures(_: object, pad: Any, following: Any) -> None:  # noqa: ANN401
    target = following.get_static_pad("sink")
    if pad.query_caps(None).to_string().startswith("video/") and not target.is_linked():
        pad.link(target)
