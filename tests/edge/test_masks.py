# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import cv2
import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from pydantic import ValidationError

from edge import _native
from edge.drawing import draw_hands
from edge.masks import Mask, Masks
from edge.pipeline import Pipeline
from edge.results import FrameResult, Hands
from edge.runners import FakeRunner
from edge.tasks import HandSegmenter, PictureSegmenter, load
from tests.edge.bundles import noisy_picture, segmenter_contract, segmenter_model, write_small_bundle

WIDTH_PX, HEIGHT_PX = 40, 30


def map_of(scale_x: float, scale_y: float, x0: float, y0: float) -> NDArray[np.float64]:
    return np.array([[scale_x, 0, x0], [0, scale_y, y0]])


def golden_mask(logits: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The interpolated logit of each pixel of the picture, NaN where the grid does not cover its centre."""
    rows, columns = logits.shape
    told = np.full((HEIGHT_PX, WIDTH_PX), np.nan)
    for y in range(HEIGHT_PX):
        for x in range(WIDTH_PX):
            u, v = (x + 0.5 - matrix[0, 2]) / matrix[0, 0], (y + 0.5 - matrix[1, 2]) / matrix[1, 1]
            if not (0 <= u < columns and 0 <= v < rows):
                continue
            u, v = np.clip(u - 0.5, 0, columns - 1), np.clip(v - 0.5, 0, rows - 1)
            left, top = int(u), int(v)
            right, bottom = min(left + 1, columns - 1), min(top + 1, rows - 1)
            upper = logits[top, left] * (1 - u + left) + logits[top, right] * (u - left)
            lower = logits[bottom, left] * (1 - u + left) + logits[bottom, right] * (u - left)
            told[y, x] = upper * (1 - v + top) + lower * (v - top)
    return told


@given(
    arrays.arrays(np.float32, (4, 5), elements=st.floats(-9, 9, width=32)),
    st.floats(0.3, 20),
    st.floats(0.3, 20),
    st.floats(-50, 50),
    st.floats(-50, 50),
)
def test_pixels_are_those_of_the_definition(
    logits: NDArray[np.float32], scale_x: float, scale_y: float, x0: float, y0: float
) -> None:
    matrix = map_of(scale_x, scale_y, x0, y0)
    told = golden_mask(logits, matrix)
    found = Mask(logits, matrix).pixels(WIDTH_PX, HEIGHT_PX)
    # Rounding may tell otherwise where a logit is all but 0.
    sure = np.isnan(told) | (np.abs(told) > 1e-4)
    assert (found == (told >= 0))[sure].all()


def test_a_mask_may_lie_outside_the_picture() -> None:
    mask = Mask(np.ones((4, 4), np.float32), map_of(1, 1, 100, -20))
    assert not mask.pixels(WIDTH_PX, HEIGHT_PX).any()
    assert mask.run_lengths(WIDTH_PX, HEIGHT_PX) == [WIDTH_PX * HEIGHT_PX]


@pytest.mark.parametrize(
    ("matrix", "told"),
    [
        (np.array([[1, 0.1, 0], [0, 1, 0]]), "neither turn nor mirror"),
        (map_of(-1, 1, 0, 0), "neither turn nor mirror"),
        (map_of(np.nan, 1, 0, 0), "finite"),
    ],
)
def test_a_map_that_turns_is_refused(matrix: NDArray[np.float64], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        _native.mask_in_picture(np.ones((4, 4), np.float32), matrix, WIDTH_PX, HEIGHT_PX)


def decoded(counts: list[int]) -> NDArray[np.bool_]:
    """The mask of COCO's run lengths."""
    values = np.repeat(np.arange(len(counts)) % 2 == 1, counts)
    return values.reshape(WIDTH_PX, HEIGHT_PX).T


@given(arrays.arrays(np.bool_, (HEIGHT_PX, WIDTH_PX)), st.booleans())
def test_run_lengths_tell_the_same_pixels(pixels: NDArray[np.bool_], full: bool) -> None:
    pixels = pixels | full
    mask = Mask(np.where(pixels, 1, -1).astype(np.float32), map_of(1, 1, 0, 0))
    counts = mask.run_lengths(WIDTH_PX, HEIGHT_PX)
    assert (decoded(counts) == pixels).all()
    assert all(counts[1:])


def test_run_lengths_of_a_small_part_are_short() -> None:
    mask = Mask(np.ones((3, 2), np.float32), map_of(1, 1, 10, 5))
    gap = HEIGHT_PX - 3
    assert mask.run_lengths(WIDTH_PX, HEIGHT_PX) == [10 * HEIGHT_PX + 5, 3, gap, 3, 28 * HEIGHT_PX + HEIGHT_PX - 8]


def result_with(masks: Masks | None) -> FrameResult:
    hands = Hands(np.array([[5, 5, 20, 20]], np.float32), np.ones(1, np.float32), masks=masks)
    return FrameResult("a.mp4", None, 0, 0.0, WIDTH_PX, HEIGHT_PX, hands)


def one_mask() -> Masks:
    return Masks(np.ones((1, 8, 8), np.float32), map_of(1, 1, 6, 7)[None])


def test_masks_are_in_the_lines_of_json_where_they_are_asked_for() -> None:
    schema = json.loads(files("edge").joinpath("schemas/frame-1.schema.json").read_text())
    for masks in (None, one_mask()):
        result = result_with(masks)
        document = json.loads(result.to_json(masks=True))
        jsonschema.validate(document, schema)
        told = document["hands"][0]["mask"]
        assert (told is None) == (masks is None)
        assert "mask" not in json.loads(result.to_json())["hands"][0]
    assert told["size"] == [HEIGHT_PX, WIDTH_PX]
    assert decoded(told["counts"]).sum() == 64


def test_a_mask_is_drawn_over_its_pixels_alone() -> None:
    pixels = np.zeros((HEIGHT_PX * 8, WIDTH_PX * 8, 3), np.uint8)
    hands = result_with(one_mask()).hands.moved(8, 0, 0)
    plain = pixels.copy()
    draw_hands(pixels, hands)
    draw_hands(plain, result_with(None).hands.moved(8, 0, 0))
    changed = (pixels != plain).any(axis=2)
    assert changed[60:105, 60:100].mean() > 0.9
    changed[7 * 8 : 15 * 8, 6 * 8 : 14 * 8] = False
    assert not changed.any()


def test_hands_are_moved_as_a_whole() -> None:
    keypoints = np.full((1, 21, 3), 0.5, np.float32)
    hands = Hands(np.array([[1, 2, 3, 4]], np.float32), np.ones(1, np.float32), keypoints=keypoints, masks=one_mask())
    moved = hands.moved(2, 10, 20)
    assert moved.boxes_xyxy.tolist() == [[12, 24, 16, 28]]
    assert moved.keypoints is not None
    assert moved.keypoints[0, 0].tolist() == [11, 21, 0.5]
    mask = moved[0].mask
    assert mask is not None
    assert np.argwhere(mask.pixels(100, 100)).min(0).tolist() == [7 * 2 + 20, 6 * 2 + 10]


def test_masks_are_one_a_hand() -> None:
    with pytest.raises(ValueError, match="one mask a box"):
        Hands(np.zeros((2, 4), np.float32), np.zeros(2, np.float32), masks=one_mask())
    with pytest.raises(ValueError, match="must be finite"):
        Masks(np.full((1, 2, 2), np.nan, np.float32), np.zeros((1, 2, 3)))
    with pytest.raises(ValueError, match=r"\(N, h, w\) float32"):
        Masks(np.ones((1, 2, 2), np.float32), np.zeros((2, 2, 3)))


def test_a_mask_goes_back_to_the_pixels_of_the_picture() -> None:
    contract = segmenter_contract(decoder={"type": "mask-logits", "mask": "mask", "min_probability": 0.9})
    logits = np.full((2, 1, 16, 16), 2.0, np.float32)
    logits[:, :, 4:12, 2:8] = 4
    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=lambda _: {"mask": logits})
    boxes = np.array([[100, 40, 120, 60], [10, 10, 50, 50]], np.float32)
    with HandSegmenter(contract, runner) as opened, opened.sibling() as task:
        masks = task(noisy_picture(160, 120), boxes).masks
    assert masks is not None
    side_px = 40 * (1 + 2 * contract.picture_input.crop_margin)
    rows, columns = np.nonzero(masks.at(1).pixels(160, 120))
    # Half way from cell to cell the logit passes 0.9's, but for a fifth of a cell.
    edge_px = side_px / 16
    assert columns.min() == pytest.approx(30 - side_px / 2 + 2 * edge_px, abs=edge_px / 2)
    assert rows.max() == pytest.approx(30 - side_px / 2 + 12 * edge_px, abs=edge_px / 2)


def test_a_segmenter_bundle_loads_and_passes_its_self_test(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "segmenter", segmenter_contract(), segmenter_model())
    bundle.verify()
    with load(bundle.path) as task:
        assert isinstance(task, HandSegmenter)
        hands = task(noisy_picture(120, 110), np.array([[10, 10, 60, 60]] * 9, np.float32))
    assert hands.masks is not None
    assert len(hands[3:].masks or ()) == 6
    assert cv2.countNonZero(hands.masks.at(8).pixels(120, 110).view(np.uint8)) > 0


@pytest.mark.parametrize("shape", [("batch", 2, 16, 16), ("batch", 16, 16), ("batch", 1, "height", "width")])
def test_outputs_that_are_no_masks_are_refused(shape: tuple[int | str, ...]) -> None:
    with pytest.raises(ValidationError, match=r"must be \(batch, 1, rows, columns\)"):
        segmenter_contract(outputs=({"name": "mask", "shape": shape},))


def test_a_picture_segmenter_finds_hands_by_their_pixels() -> None:
    fields = segmenter_contract().input.model_dump() | {"fit": "stretch", "crop_margin": 0.0}
    contract = segmenter_contract(input=fields)
    logits = np.full((1, 1, 16, 16), -2.0, np.float32)
    logits[0, 0, 2:5, 2:5] = 2
    logits[0, 0, 8:14, 4:10] = 4
    logits[0, 0, 15, 15] = 9
    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=lambda _: {"mask": logits})
    decoder = contract.decoder.model_copy(update={"min_share": 2 / 256})
    with PictureSegmenter(contract.model_copy(update={"decoder": decoder}), runner) as opened, opened.sibling() as task:
        hands = task(noisy_picture(160, 80))
        logits[:] = -1
        assert len(task(noisy_picture(160, 80))) == 0
    assert hands.boxes_xyxy.tolist() == [[40, 40, 100, 70], [20, 10, 50, 25]]
    np.testing.assert_allclose(hands.scores, 1 / (1 + np.exp([-4.0, -2.0])), atol=1e-6)
    large, small = (hand.mask.pixels(160, 80) for hand in hands if hand.mask is not None)
    assert large[55, 70]
    assert small[17, 35]
    assert not (large & small).any()
    assert not large[:30].any()


def test_a_segmenter_of_pictures_is_loaded_as_one_that_finds_hands(tmp_path: Path) -> None:
    fields = segmenter_contract().input.model_dump() | {"fit": "stretch", "crop_margin": 0.0}
    bundle = write_small_bundle(tmp_path / "segmenter", segmenter_contract(input=fields), segmenter_model())
    bundle.verify()
    with Pipeline([bundle.path]) as pipeline:
        (result,) = pipeline.run([noisy_picture(120, 110)])
    assert len(result.hands)
    assert result.hands.masks is not None
