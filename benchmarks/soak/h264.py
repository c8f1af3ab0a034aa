# SPDX-License-Identifier: Apache-2.0
"""Pictures as H.264, and H.264 as the packets of RTP (RFC 6184)."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

_PAYLOAD_BYTES = 1200
_PAYLOAD_TYPE = 96
_CLOCK_HZ = 90_000
_FRAGMENT, _SEQUENCE_SET, _PICTURE_SET, _KEY_SLICE = 28, 7, 8, 5


@dataclass(frozen=True)
class Clip:
    """Encoded pictures, each as its NAL units, and what an SDP says about them."""

    units: tuple[tuple[bytes, ...], ...]
    fps: float
    parameter_sets: str

    @classmethod
    def from_pictures(cls, pictures: Sequence[NDArray[np.uint8]], *, fps: float, key_every: int) -> Clip:
        """Encode (H, W, 3) uint8 BGR pictures, with a key frame every so many."""
        encoder = av.CodecContext.create("libx264", "w")
        encoder.height, encoder.width = pictures[0].shape[:2]
        encoder.pix_fmt = "yuv420p"
        encoder.framerate = Fraction(fps)
        encoder.gop_size = key_every
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "sliced-threads=0"}
        frames = [av.VideoFrame.from_ndarray(picture, format="bgr24") for picture in pictures]
        packets = [packet for frame in [*frames, None] for packet in encoder.encode(frame)]
        units = tuple(tuple(_units(bytes(packet))) for packet in packets)
        sets = [unit for unit in units[0] if unit[0] & 31 in {_SEQUENCE_SET, _PICTURE_SET}]
        return cls(units, fps, ",".join(base64.b64encode(unit).decode() for unit in sets))

    def is_key(self, number: int) -> bool:
        """Whether a picture can be decoded by itself."""
        return any(unit[0] & 31 == _KEY_SLICE for unit in self.units[number])

    def rtp(self, number: int, sequence: int) -> list[bytes]:
        """Return the RTP packets of picture `number` of the endless repetition, numbered from `sequence` on."""
        payloads = [payload for unit in self.units[number % len(self.units)] for payload in _payloads(unit)]
        time = round(number * _CLOCK_HZ / self.fps) & 0xFFFFFFFF
        last = len(payloads) - 1
        return [
            struct.pack(">BBHII", 0x80, _PAYLOAD_TYPE | (place == last) << 7, (sequence + place) & 0xFFFF, time, 7)
            + load
            for place, load in enumerate(payloads)
        ]


def _units(stream: bytes) -> Iterator[bytes]:
    """Split a stream at its start codes."""
    for piece in stream.split(b"\x00\x00\x01")[1:]:
        yield piece.rstrip(b"\x00")


def _payloads(unit: bytes) -> Iterator[bytes]:
    if len(unit) <= _PAYLOAD_BYTES:
        yield unit
        return
    kind, body = unit[0], unit[1:]
    pieces = [body[start : start + _PAYLOAD_BYTES] for start in range(0, len(body), _PAYLOAD_BYTES)]
    for place, piece in enumerate(pieces):
        begins, ends = place == 0, place == len(pieces) - 1
        yield bytes([(kind & 0xE0) | _FRAGMENT, begins << 7 | ends << 6 | (kind & 31)]) + piece
