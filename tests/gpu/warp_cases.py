# SPDX-License-Identifier: Apache-2.0
"""Pictures and maps that take every way through the warp kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.frame import PixelFormat
from edge.gpu.arrays import DevicePicture, DeviceTensor, DeviceType
from edge.gpu.kernels import warp_crops, warp_frame
from edge.preprocess import InputContract
from tests.gpu.devices import Device

MEAN, STD, PAD = (127.5, 120.0, 110.0), (64.0, 60.0, 58.0), (114.0, 10.0, 200.0)
NUMPY = {DeviceType.float32: np.float32, DeviceType.float16: np.float16}
SIDE_PX = 32
UNTOUCHED = 7.0


def contract(colour: str = "rgb", *, fit: str = "letterbox", side_px: int = SIDE_PX) -> InputContract:
    count = 1 if colour == "gray" else 3
    return InputContract(
        fit=fit,  # type: ignore[arg-type]
        width_px=side_px,
        height_px=side_px,
        crop_margin=0.25 if fit == "crop" else 0.0,
        colour=colour,  # type: ignore[arg-type]
        mean=MEAN[:count],
        std=STD[:count],
        pad=PAD[:count],
    )


def noise(pixel_format: PixelFormat, width_px: int, height_px: int, count: int = 1) -> NDArray[np.uint8]:
    """`count` pictures of `pixel_format`, as `edge.Frame` has them."""
    shape = {
        PixelFormat.BGR: (height_px, width_px, 3),
        PixelFormat.GRAY: (height_px, width_px),
        PixelFormat.NV12: (height_px * 3 // 2, width_px),
        PixelFormat.YUYV: (height_px, width_px, 2),
    }[pixel_format]
    return np.random.default_rng(width_px).integers(0, 256, (count, *shape), np.uint8)


@dataclass(frozen=True, slots=True)
class FrameCase:
    """`count` pictures through a map (xx, x0, yy, y0) into a tensor; `gap` bytes follow each row."""

    pixel_format: PixelFormat
    width_px: int
    height_px: int
    map: tuple[float, float, float, float]
    out_hw: tuple[int, int] = (32, 40)
    colour: str = "rgb"
    dtype: DeviceType = DeviceType.float32
    count: int = 1
    gap: int = 0

    @property
    def max_error_of_255(self) -> float:
        """Of the twin's fixed point, whose rounding adds up over many rows."""
        return 0.1 if max(abs(self.map[0]), abs(self.map[2])) <= 16 else 0.25

    def pictures(self) -> NDArray[np.uint8]:
        return noise(self.pixel_format, self.width_px, self.height_px, self.count)

    def matrix(self) -> NDArray[np.float64]:
        xx, x0, yy, y0 = self.map
        return np.array([[xx, 0.0, x0], [0.0, yy, y0]])

    def run(self, device: Device) -> NDArray[np.floating]:
        """Return the tensor."""
        pictures, own = self.pictures(), contract(self.colour)
        rows = pictures.reshape(self.count, pictures.shape[1], -1)
        padded = np.pad(rows, ((0, 0), (0, 0), (0, self.gap)), constant_values=255)
        picture = DevicePicture(
            device.put(padded), self.pixel_format, self.width_px, self.height_px, row_stride=padded.shape[2]
        )
        shape = (self.count, own.channels, *self.out_hw)
        out = device.put(np.full(shape, np.nan, NUMPY[self.dtype]))
        tensor = DeviceTensor(out, *shape, self.dtype)
        warp_frame(device, picture, tensor, source_from_input=self.matrix(), contract=own)
        return device.get(out, shape, NUMPY[self.dtype])


BGR, GRAY, NV12, YUYV = PixelFormat
HALF = DeviceType.float16
FRAMES = {
    "a sixth, letterbox": FrameCase(BGR, 240, 132, (6.0, 0.0, 6.0, -30.0)),
    "a twelfth": FrameCase(BGR, 480, 384, (12.0, 0.0, 12.0, 0.0)),
    "a third, half precision": FrameCase(BGR, 120, 96, (3.0, 0.0, 3.0, 0.0), dtype=HALF),
    "odd factors": FrameCase(BGR, 133, 97, (3.31, -3.5, 3.07, 4.25)),
    "odd width, unaligned rows": FrameCase(BGR, 131, 77, (2.31, 1.0, 2.4, 0.0), colour="bgr"),
    "rows with a gap": FrameCase(BGR, 100, 64, (2.5, 0.0, 2.0, 0.0), gap=20),
    "rows with an odd gap": FrameCase(BGR, 100, 64, (2.5, 0.0, 2.0, 0.0), gap=5),
    "enlarged": FrameCase(BGR, 23, 19, (0.61, 0.3, 0.61, 0.1)),
    "as it is": FrameCase(BGR, 40, 32, (1.0, 0.0, 1.0, 0.0)),
    "mirrored": FrameCase(BGR, 90, 70, (-1.7, 80.0, 1.7, 2.0)),
    "upside down": FrameCase(BGR, 120, 96, (3.0, 0.0, -3.0, 96.0)),
    "far away": FrameCase(BGR, 300, 280, (200.3, -4000.0, 2.9, -20.0)),
    "the widest it can": FrameCase(BGR, 700, 60, (256.0, -100.0, 3.0, -9.0), out_hw=(15, 7)),
    "the highest it can": FrameCase(BGR, 60, 700, (3.0, -9.0, 255.7, -100.0), out_hw=(7, 15)),
    "one pixel": FrameCase(BGR, 1, 1, (1.0, -3.0, 1.0, -3.0), out_hw=(7, 9)),
    "many columns": FrameCase(BGR, 700, 40, (1.3, -5.0, 1.4, 0.0), out_hw=(28, 540)),
    "a batch": FrameCase(BGR, 96, 64, (3.0, 0.0, 3.0, -16.0), count=3),
    "colour to grey": FrameCase(BGR, 133, 97, (3.31, -3.5, 3.07, 4.25), colour="gray"),
    "grey": FrameCase(GRAY, 133, 97, (3.31, -3.5, 3.07, 4.25), colour="gray"),
    "grey to colour": FrameCase(GRAY, 160, 128, (4.0, 0.0, 4.0, 0.0), count=2),
    "NV12": FrameCase(NV12, 240, 132, (6.0, 0.0, 6.0, -30.0)),
    "NV12, odd factors, half precision": FrameCase(NV12, 134, 98, (2.31, 1.0, 2.9, -1.0), dtype=HALF, count=2),
    "NV12 to grey": FrameCase(NV12, 134, 98, (2.31, 1.0, 2.9, -1.0), colour="gray"),
    "NV12, rows with a gap": FrameCase(NV12, 134, 98, (2.31, 1.0, 2.9, -1.0), gap=6),
    "YUYV": FrameCase(YUYV, 240, 132, (6.0, 0.0, 6.0, -30.0)),
    "YUYV, odd factors": FrameCase(YUYV, 134, 98, (2.31, 1.0, 1.9, -1.0), colour="bgr", count=2),
    "YUYV, enlarged": FrameCase(YUYV, 26, 18, (0.61, 0.3, 0.61, 0.1)),
}


@dataclass(frozen=True, slots=True)
class CropsCase:
    """Crops of a picture; of `boxes` the first `count` are wanted."""

    pixel_format: PixelFormat
    boxes: tuple[tuple[float, float, float, float], ...]
    count: int | None = None
    width_px: int = 320
    height_px: int = 200
    colour: str = "rgb"
    dtype: DeviceType = DeviceType.float32

    def picture(self) -> NDArray[np.uint8]:
        (picture,) = noise(self.pixel_format, self.width_px, self.height_px)
        return np.asarray(picture, np.uint8)

    def run(self, device: Device) -> tuple[NDArray[np.floating], NDArray[np.float64], int]:
        """Return the crops, their maps and the fault."""
        own, crops = contract(self.colour, fit="crop"), len(self.boxes)
        picture = DevicePicture(device.put(self.picture()), self.pixel_format, self.width_px, self.height_px)
        shape = (crops, own.channels, SIDE_PX, SIDE_PX)
        out = device.put(np.full(shape, UNTOUCHED, NUMPY[self.dtype]))
        maps, fault = device.put(np.full((crops, 2, 3), UNTOUCHED)), device.put(np.zeros(1, np.int32))
        count = 0 if self.count is None else device.put(np.array([self.count], np.int32))
        warp_crops(
            device,
            picture,
            DeviceTensor(out, *shape, self.dtype),
            boxes=device.put(np.array(self.boxes, np.float32)),
            count=count,
            maps=maps,
            contract=own,
            fault=fault,
        )
        found = device.get(out, shape, NUMPY[self.dtype])
        return found, device.get(maps, (crops, 2, 3), np.float64), int(device.get(fault, (1,), np.int32)[0])


BOXES = ((10, 20, 90, 80), (-30.5, -20, 40, 60), (250.25, 120.75, 400, 260), (0, 0, 320, 200), (5, 5, 5.5, 5.25))
BAD = ((10, 20, 90, 80), (np.nan, 0, 5, 5), (0, 0, 1e6, 5))
CROPS = {
    "BGR": CropsCase(BGR, BOXES),
    "BGR, half precision": CropsCase(BGR, BOXES, dtype=HALF),
    "BGR, unaligned rows": CropsCase(BGR, BOXES, width_px=319, height_px=199),
    "grey": CropsCase(GRAY, BOXES, colour="gray"),
    "NV12": CropsCase(NV12, BOXES),
    "YUYV": CropsCase(YUYV, BOXES, width_px=322),
    "fewer than there is room for": CropsCase(BGR, BOXES, count=2),
    "none": CropsCase(BGR, BOXES, count=0),
    "a count that is too large": CropsCase(BGR, BOXES, count=99),
    "far away": CropsCase(BGR, ((-3000.0, -2000.0, 4000.0, 3000.0), (900.0, 900.0, 950.0, 980.0))),
    "boxes that are none": CropsCase(BGR, BAD),
}
