# SPDX-License-Identifier: Apache-2.0
"""A lane on a GPU gives the answers of a lane on the processor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.frame import Frame, PixelFormat
from edge.gpu.frame_slot import MappedFrames
from edge.pipeline.agreement import difference, hands_in
from edge.sources.picture import pixels_from_bytes
from edge.tasks.picture import frame_from_picture
from tests.gpu.lanes import DEVICES, lanes, open_backend, shipped_pictures

# As it is, captured, replayed.
RUNS = 3


def grey(picture: NDArray[np.uint8]) -> Frame:
    return frame_from_picture(np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)))


def yuyv(picture: NDArray[np.uint8]) -> Frame:
    even = picture[:, : picture.shape[1] // 2 * 2]
    yuv = cv2.cvtColor(even, cv2.COLOR_BGR2YUV)
    pixels = np.empty((*even.shape[:2], 2), np.uint8)
    pixels[..., 0] = yuv[..., 0]
    pixels[:, 0::2, 1], pixels[:, 1::2, 1] = yuv[:, 0::2, 1], yuv[:, 0::2, 2]
    return Frame(pixels, PixelFormat.YUYV, 0, 0, "test")


def nv12(picture: NDArray[np.uint8]) -> Frame:
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    planar = cv2.cvtColor(picture[:height, :width], cv2.COLOR_BGR2YUV_I420)
    chroma = planar[height:].reshape(2, -1).T.reshape(height // 2, width)
    return Frame(np.ascontiguousarray(np.vstack([planar[:height], chroma])), PixelFormat.NV12, 0, 0, "test")


def flipped_view(picture: NDArray[np.uint8]) -> Frame:
    """Return a frame whose rows do not lie behind each other."""
    return frame_from_picture(np.ascontiguousarray(picture[:, ::-1])[:, ::-1])


@pytest.mark.parametrize("form", [frame_from_picture, grey, yuyv, nv12, flipped_view])
@pytest.mark.parametrize("device", DEVICES)
def test_answers_are_those_of_the_processor(device: str, form: Callable[[NDArray[np.uint8]], Frame]) -> None:
    with lanes(open_backend(device)) as (processor, (lane,)):
        found = 0
        for picture in shipped_pictures()[: None if form is frame_from_picture else 1]:
            frame = form(picture)
            expected = hands_in(frame, processor)
            found += len(expected)
            for _ in range(RUNS):
                assert difference(hands_in(frame, lane), expected) is None
        assert found > 0 or form is not frame_from_picture


@pytest.mark.parametrize("device", DEVICES)
def test_answers_on_real_pictures_are_those_of_the_processor(device: str, data_dir: Path) -> None:
    paths = sorted((data_dir / "hagrid_mini").rglob("*.jpg"))[::40][:12]
    with lanes(open_backend(device)) as (processor, (lane,)):
        for path in paths:
            frame = frame_from_picture(pixels_from_bytes(path.read_bytes(), origin=path.name))
            assert difference(hands_in(frame, lane), hands_in(frame, processor)) is None, path.name


@pytest.mark.parametrize("device", DEVICES)
def test_frames_with_more_hands_than_one_look_takes_get_a_second_round(device: str) -> None:
    picture = np.ascontiguousarray(np.hstack([shipped_pictures()[0]] * 2))
    with lanes(open_backend(device, hands=1), min_score=0.3) as (processor, (lane,)):
        frame = frame_from_picture(picture)
        expected = hands_in(frame, processor)
        assert len(expected) > 1
        for _ in range(RUNS):
            assert difference(hands_in(frame, lane), expected) is None
        none = frame_from_picture(np.full_like(picture, 114))
        assert len(hands_in(none, lane)) == len(hands_in(none, processor)) < len(expected)
        assert difference(hands_in(frame, lane), expected) is None


@pytest.mark.parametrize("device", DEVICES)
def test_frames_of_changing_sizes_are_answered_and_their_buffers_given_back(device: str) -> None:
    backend = open_backend(device)
    with lanes(backend) as (processor, (lane,)):
        first = shipped_pictures()[0]
        open_after = set()
        for side in (320, 400, 480, 560, 320):
            frame = frame_from_picture(cv2.resize(first, (side, side)))
            assert difference(hands_in(frame, lane), hands_in(frame, processor)) is None
            open_after.add(sum(backend.gpu.counts().values()))
        assert len(open_after) <= 2, "two sizes are kept, and no more"


@pytest.mark.parametrize("device", DEVICES)
def test_a_frame_captured_where_the_gpu_reads_is_not_touched_by_the_host(device: str) -> None:
    backend = open_backend(device)
    picture = shipped_pictures()[0]
    with (
        MappedFrames(backend.gpu, count=2, size_bytes=picture.nbytes) as mapped,
        lanes(replace(backend, mapped=mapped)) as (processor, (lane,)),
    ):
        expected = hands_in(frame_from_picture(picture), processor)
        for block in mapped.arrays * RUNS:
            pixels = block.reshape(picture.shape)
            pixels[...] = picture
            assert difference(hands_in(frame_from_picture(pixels), lane), expected) is None
        copied = next(iter(lane._sizes.values())).slot._host.array
        assert not np.array_equal(copied.reshape(picture.shape), picture), "the lane's own slot was never written"
