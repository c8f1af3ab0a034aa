# SPDX-License-Identifier: Apache-2.0
"""`FakeCamera`: a file that a preloaded driver serves as a V4L2 device."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.conftest import CI

SOURCE = Path(__file__).with_name("fake_v4l2.c")
MAGIC = 0x4B414643
FAILS_OPEN = 255
MONOTONIC = 0x2000
FIELDS = [
    "magic",
    "gone",
    "stalled",
    "failing_call",
    "failing_errno",
    "damaged",
    "cut",
    "timestamps",
    "refuses_userptr",
    "opened",
    "streaming",
    "mode_count",
    "control_count",
]
_MODES, _CONTROLS, _PICTURES = 64, 64 + 16 * 32, 64 + 16 * 32 + 16 * 56
_DATA = 8192


@dataclass(frozen=True)
class FakeMode:
    """A format at a size and a rate, and the bytes of its pictures, served in turns."""

    fourcc: str
    wh: tuple[int, int]
    pictures: Sequence[bytes]
    fps: int = 100
    stride: int = 0


@dataclass(frozen=True)
class FakeControl:
    """A control of the driver's; `kind` 1 is a number, 2 a switch, 3 a menu."""

    number: int
    name: str
    low: int
    high: int
    kind: int = 1


class FakeCamera:
    """A camera at `node`; attributes of the C structure's names are read and written while it is in use."""

    def __init__(self, node: Path, modes: Sequence[FakeMode], *, controls: Sequence[FakeControl] = ()) -> None:
        self.node, self._modes, self._controls = node, modes, controls
        head = bytearray(_DATA)
        data = bytearray()
        pictures = 0
        for index, mode in enumerate(modes):
            fourcc = int.from_bytes(mode.fourcc.encode(), "little")
            values = (fourcc, *mode.wh, mode.fps, mode.stride, pictures, len(mode.pictures), 0)
            struct.pack_into("=8I", head, _MODES + index * 32, *values)
            for picture in mode.pictures:
                struct.pack_into("=QQ", head, _PICTURES + pictures * 16, _DATA + len(data), len(picture))
                data += picture
                pictures += 1
        for index, one in enumerate(controls):
            limits = (one.low, one.high, 1, -1)
            fields = (one.number, one.kind, *limits, one.name.encode())
            struct.pack_into("=IIiiii32s", head, _CONTROLS + index * 56, *fields)
        node.parent.mkdir(parents=True, exist_ok=True)
        node.write_bytes(head + data)
        with node.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _DATA)
        self.mode_count, self.control_count, self.timestamps = len(modes), len(controls), MONOTONIC
        self.magic = MAGIC

    def __getattr__(self, name: str) -> int:
        if name not in FIELDS:
            raise AttributeError(name)
        (value,) = struct.unpack_from("=I", self._map, 4 * FIELDS.index(name))
        return int(value)

    def __setattr__(self, name: str, value: object) -> None:
        if name in FIELDS:
            struct.pack_into("=I", self._map, 4 * FIELDS.index(name), value)
        else:
            super().__setattr__(name, value)

    def control_value(self, index: int) -> int:
        """Return what a control was set to; -1 before."""
        (value,) = struct.unpack_from("=i", self._map, _CONTROLS + index * 56 + 20)
        return int(value)

    def unplug(self) -> None:
        """Take the device away from whoever uses it."""
        self.node.unlink()
        self.gone = 1

    def plug(self, node: Path) -> FakeCamera:
        """Return the same camera under another node."""
        return FakeCamera(node, self._modes, controls=self._controls)


def library(folder: Path) -> Path:
    """Return the driver, compiled in `folder`; skip the test where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        reason = "no C compiler (cc) to build the fake driver; apt install gcc"
        if CI:
            pytest.fail(reason)
        pytest.skip(reason)
    made = folder / "libfake_v4l2.so"
    words = (
        compiler,
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        made,
        SOURCE,
        "-ldl",
        "-lpthread",
    )
    subprocess.run(words, check=True)
    return made


def preloaded(driver: Path, folder: Path) -> dict[str, str]:
    """Return the environment of a process that sees the cameras of `folder`."""
    return {**os.environ, "LD_PRELOAD": str(driver), "FAKE_V4L2": str(folder)}


def yuyv_from_bgr(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as YUYV."""
    return cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_YUY2).tobytes()


def nv12_from_bgr(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as NV12."""
    height, width = picture.shape[:2]
    planar = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    luma, chroma = planar[: height * width], planar[height * width :].reshape(2, -1)
    return luma.tobytes() + chroma.T.tobytes()


def jpeg_from_bgr(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as JPEG."""
    return cv2.imencode(".jpg", picture)[1].tobytes()
