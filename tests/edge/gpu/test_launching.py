# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from ctypes import sizeof
from typing import Any

import numpy as np
import pytest

from edge import _native
from edge.errors import UsageError
from edge.frame import PixelFormat
from edge.gpu import kernels, parameters
from edge.gpu.arrays import DeviceLevel, DevicePicture, DeviceTensor, DeviceType
from edge.gpu.launcher import HostLauncher, Size
from tests.gpu.agreement import ANSWERS
from tests.gpu.devices import Host
from tests.gpu.warp_cases import CROPS, FRAMES, contract

BLOCK_THREADS, GRID_YZ, SHARED_BYTES = 1024, 65535, 48 * 1024
STRUCTURES = {
    "warp_frame": parameters.WarpFrame,
    "warp_crops": parameters.WarpCrops,
    "decode_boxes": parameters.DecodeBoxes,
    "locate_simcc": parameters.LocateSimcc,
    "best_classes": parameters.Classify,
    "probability_of": parameters.Classify,
    "join_second_look": parameters.JoinSecondLook,
    "locate_peaks": parameters.LocatePeaks,
    "label_masks": parameters.LabelMasks,
    "normalise_keypoints": parameters.NormaliseKeypoints,
}


class Witness(Host):
    """Runs the twins and keeps what was launched."""

    def __init__(self) -> None:
        super().__init__()
        self.launches: list[tuple[str, Size, Size, int]] = []

    def launch(self, name: str, grid: Size, block: Size, args: bytes, shared_bytes: int) -> None:
        self.launches.append((name, grid, block, shared_bytes))
        super().launch(name, grid, block, args, shared_bytes)


def test_every_kernel_has_a_twin_with_the_same_parameter() -> None:
    native_bytes = _native.kernel_parameter_bytes()
    assert set(native_bytes) == set(kernels.KERNELS)
    for name, structure in STRUCTURES.items():
        of_kind = [held for kernel, held in native_bytes.items() if kernel.startswith(f"edge_{name}")]
        assert set(of_kind) == {sizeof(structure)}


def test_every_launch_is_one_that_cuda_allows() -> None:
    witness = Witness()
    for case in (*(one.run for one in FRAMES.values()), *(one.run for one in CROPS.values()), *ANSWERS.values()):
        case(witness)
    assert {name for name, *_ in witness.launches} == set(kernels.KERNELS)
    for name, grid, block, shared_bytes in witness.launches:
        assert min(*grid, *block) >= 1, name
        assert max(grid[1:]) <= GRID_YZ, name
        assert np.prod(block) <= BLOCK_THREADS, name
        assert np.prod(block) % 32 == 0, name
        assert shared_bytes <= SHARED_BYTES, name


@pytest.mark.parametrize(
    ("name", "args", "message"),
    [("edge_nothing", b"", "no kernel"), ("edge_locate_simcc", b"\0" * 7, "has 96 bytes, got 7")],
)
def test_a_launch_of_something_else_is_refused(name: str, args: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HostLauncher().launch(name, (1, 1, 1), (32, 1, 1), args, 0)


PICTURE = DevicePicture(0, PixelFormat.BGR, 64, 48)
TENSOR = DeviceTensor(0, 1, 3, 32, 32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source_from_input": np.array([[1, 0.5, 0], [0, 1, 0]])}, "neither turned nor sheared"),
        ({"source_from_input": np.array([[300.0, 0, 0], [0, 1, 0]])}, "256 at most"),
        ({"source_from_input": np.array([[np.nan, 0, 0], [0, 1, 0]])}, "finite"),
        ({"out": DeviceTensor(0, 1, 1, 32, 32)}, "out must be"),
        ({"out": DeviceTensor(0, 0, 3, 32, 32)}, "out must be"),
        ({"picture": PICTURE._replace(row_stride=100)}, "at least the 192 bytes"),
        ({"picture": DevicePicture(0, PixelFormat.NV12, 63, 48)}, "even"),
        ({"picture": DevicePicture(0, PixelFormat.NV12, 64, 47)}, "even"),
        ({"picture": DevicePicture(0, PixelFormat.YUYV, 63, 48)}, "even"),
        ({"picture": DevicePicture(0, PixelFormat.BGR, 0, 48)}, "above 0"),
    ],
)
def test_a_frame_that_cannot_be_warped_is_refused(options: dict[str, Any], message: str) -> None:
    common: dict[str, Any] = {
        "picture": PICTURE,
        "out": TENSOR,
        "source_from_input": np.eye(2, 3),
        "contract": contract(),
    }
    with pytest.raises(UsageError, match=message):
        kernels.warp_frame(Host(), **(common | options))


def test_crops_must_be_squares() -> None:
    with pytest.raises(UsageError, match="squares"):
        kernels.warp_crops(
            Host(), PICTURE, DeviceTensor(0, 1, 3, 32, 30), boxes=0, maps=0, contract=contract(fit="crop")
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_hands": 2000}, "max_hands must be 1 to 1024"),
        ({"max_candidates": 0}, "max_candidates must be 1 to 1024"),
        ({"levels": []}, "1 to 8 levels"),
    ],
)
def test_a_detector_that_a_block_cannot_rank_is_refused(options: dict[str, Any], message: str) -> None:
    common: dict[str, Any] = {
        "levels": [DeviceLevel(0, 4, 4, 8)],
        "max_hands": 10,
        "max_candidates": 100,
        "pictures": 1,
        "dtype": DeviceType.float32,
        "min_score": 0.5,
        "iou": 0.5,
        "source_from_input": np.eye(2, 3),
        "source_hw": (10, 10),
        "boxes": 0,
        "scores": 0,
        "counts": 0,
    }
    with pytest.raises(UsageError, match=message):
        kernels.decode_boxes(Host(), **(common | options))
