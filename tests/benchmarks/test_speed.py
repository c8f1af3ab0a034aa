# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.footprint import measure_footprint
from benchmarks.pipeline_speed import bare_fps, bare_lanes, compare_pipeline, crops_of
from benchmarks.preprocessing_speed import CONTRACT, compare_preprocessing, tensor_by_opencv
from benchmarks.speed import pictures_of
from edge.frame import Frame, PixelFormat
from edge.pipeline import DEFAULT_MODELS
from edge.pipeline.models import tasks_from_models
from edge.preprocess import Preprocessor
from edge.runners import FakeRunner
from edge.tasks import HandClassifier
from edge.tasks.picture import frame_from_picture
from tests.edge.bundles import presence_contract
from tests.edge.pipeline.scripted import numbered_detector, numbered_frame

# cv2.resize looks at 2 x 2 pixels, ours at all it covers: on a smooth picture they differ by rounding alone.
MAX_ERROR_OF_255 = 2.0


def smooth_picture(height_px: int, width_px: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    rows, columns = np.mgrid[0 : 1 : height_px * 1j, 0 : 1 : width_px * 1j]
    return np.stack([rows * 255, columns * 255, (rows + columns) * 127], axis=2).astype(np.uint8)


def test_both_ways_of_preprocessing_make_the_same_tensor() -> None:
    bgr = smooth_picture(720, 1280)
    frame = Frame(pixels=bgr, pixel_format=PixelFormat.BGR, time_ns=0, index=0, source="memory")
    preprocessor = Preprocessor(CONTRACT)
    height_px, width_px = preprocessor.tensor_hw(1280, 720)
    out = np.empty((3, height_px, width_px), np.float32)
    preprocessor.write_frame(frame, out)
    error = np.abs(out - tensor_by_opencv(bgr, height_px, width_px)) * np.reshape(CONTRACT.std, (3, 1, 1))
    assert error.max() < MAX_ERROR_OF_255


def test_preprocessing_is_compared_in_milliseconds() -> None:
    comparison = compare_preprocessing(rounds=1)
    assert comparison.unit == "ms"
    assert min(comparison.our_value, comparison.their_value) > 0


def test_pipeline_is_compared_with_its_networks() -> None:
    frames = [smooth_picture(240, 320)] * 4
    comparison = compare_pipeline(frames, threads=2, rounds=1)
    assert comparison.unit == "FPS"
    assert min(comparison.our_value, comparison.their_value) > 0


@pytest.mark.parametrize("hands", [[0, 0, 0], [1, 0, 3, 2]])
def test_bare_networks_run_for_every_frame(hands: list[int]) -> None:
    tasks = tasks_from_models(DEFAULT_MODELS, device="cpu", min_score=None)
    lanes = bare_lanes(tasks, frame_from_picture(smooth_picture(240, 320)), 2)
    assert bare_fps(lanes, [(count,) * (len(tasks) - 1) for count in hands]) > 0


def test_each_network_gets_as_many_crops_as_in_the_pipeline() -> None:
    contract = presence_contract()
    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(
        inputs=(contract.input.spec(),),
        outputs=outputs,
        function=lambda _: {"presence": np.array([[0, 9]], np.float32)},
    )
    looker = HandClassifier(contract, runner, min_score=0.1)
    with numbered_detector() as detector, looker, looker.sibling() as after:
        assert crops_of([detector, looker, after], frame_from_picture(numbered_frame(0))) == (1, 0)


def test_pictures_of_a_short_video_repeat(data_dir: Path) -> None:
    pictures = pictures_of(data_dir / "videos" / "aditya_demo.mp4", 60)
    assert len(pictures) == 60
    assert np.array_equal(pictures[0], pictures[54])


def test_footprint_of_a_short_run_is_plausible() -> None:
    footprint = measure_footprint([np.zeros((48, 64, 3), np.uint8)], frames=3, rounds=1)
    assert 0 < footprint.late_mb <= footprint.peak_mb
    assert footprint.help_ms > 0
