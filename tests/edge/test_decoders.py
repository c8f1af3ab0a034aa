# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from pydantic import ValidationError

from edge.decoders import AnchorFreeLtrb, Simcc, SoftmaxHeads
from edge.decoders.anchor_free_ltrb import Level
from edge.decoders.softmax_heads import Head
from tests.edge.bundles import detector_contract, keypoint_contract

NAMES = ("fist", "palm", "peace")
# float32 against float64.
ROUNDING = 1e-5


def heads() -> SoftmaxHeads:
    return SoftmaxHeads(heads=(Head(output="gesture", role="gesture", labels=NAMES),))


@given(arrays.arrays(np.float32, (5, 3), elements=st.floats(-1e4, 1e4, width=32)))
def test_the_label_is_the_most_probable_one_with_its_probability(logits: np.ndarray) -> None:
    labels = heads().decode({"gesture": logits}).gestures
    assert labels is not None
    exact = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    exact /= exact.sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(labels.ids, logits.argmax(axis=1))
    np.testing.assert_allclose(labels.scores, exact.max(axis=1), atol=ROUNDING)
    assert labels.names == NAMES


@pytest.mark.parametrize("logits", [np.zeros((2, 4)), np.zeros(3), np.full((1, 3), np.nan), np.full((1, 3), np.inf)])
def test_logits_of_another_shape_or_not_finite_are_refused(logits: np.ndarray) -> None:
    with pytest.raises(ValueError, match="logits must be"):
        heads().decode({"gesture": logits.astype(np.float32)})


def presence_head(*labels: str) -> Head:
    return Head(output="presence", role="presence", labels=labels)


@given(arrays.arrays(np.float32, (4, 2), elements=st.floats(-50, 50, width=32)))
def test_presence_is_the_probability_of_a_hand_whatever_the_order_of_the_labels(logits: np.ndarray) -> None:
    exact = 1 / (1 + np.exp(logits[:, 1].astype(np.float64) - logits[:, 0]))
    for labels, values in ((("hand", "other"), logits), (("other", "hand"), np.ascontiguousarray(logits[:, ::-1]))):
        answers = SoftmaxHeads(heads=(presence_head(*labels),)).decode({"presence": values}, count=3)
        assert answers.gestures is None
        assert answers.presence is not None
        assert answers.presence.dtype == np.float32
        np.testing.assert_allclose(answers.presence, exact[:3], atol=ROUNDING)


def test_places_are_told_of_crops_with_an_output_for_each_axis() -> None:
    decoder = Simcc(x="x", y="y", reach=0.1)
    crops = keypoint_contract().picture_input.contract()
    decoder.require_fit(crops, {"x": ("batch", 21, 64), "y": ("batch", 21, 48)})
    for shape in (("batch", 20, 64), ("batch", 21), ("batch", 21, "any")):
        with pytest.raises(ValueError, match=r"output 'y' must be \(batch, 21, bins\)"):
            decoder.require_fit(crops, {"x": ("batch", 21, 64), "y": shape})
    sure = Simcc(x="x", y="y", reach=0.1, presence="presence")
    with pytest.raises(ValueError, match=r"output 'presence' must be \(batch, 2\)"):
        sure.require_fit(crops, {"x": ("batch", 21, 64), "y": ("batch", 21, 64), "presence": ("batch", 3)})
    with pytest.raises(ValueError, match=r"input.fit must be crop, got 'letterbox'"):
        decoder.require_fit(detector_contract().picture_input.contract(), {})
    with pytest.raises(ValidationError, match="an output of its own, got x, x"):
        Simcc(x="x", y="x", reach=0.1)


def test_presence_has_its_own_labels() -> None:
    with pytest.raises(ValidationError, match="labels of the role presence must be hand and other, got hand, foot"):
        presence_head("hand", "foot")


def detector(**changes: float) -> AnchorFreeLtrb:
    levels = (Level(output="fine", stride_px=8), Level(output="coarse", stride_px=16))
    settings = {"min_score": 0.5, "nms_iou": 0.5, "max_hands": 2} | changes
    return AnchorFreeLtrb.model_validate({"levels": levels, **settings})


def outputs(*planted: tuple[str, int, int, float, float]) -> dict[str, np.ndarray]:
    """Return two pictures' maps; a planted cell of picture 1 holds a square of `reach` strides each way."""
    maps = {"fine": np.full((2, 5, 4, 6), -9, np.float32), "coarse": np.full((2, 5, 2, 3), -9, np.float32)}
    for name, row, column, logit, reach in planted:
        maps[name][1, :, row, column] = [logit, reach, reach, reach, reach]
    return maps


def decoded(
    decoder: AnchorFreeLtrb, maps: dict[str, np.ndarray], **options: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what a decoder finds in picture 1, in the pixels of the input, which is all of the source."""
    place = {"source_from_input": np.eye(2, 3), "source_hw": (64, 64)}
    return decoder.decode(maps, **{"picture": 1, **place, **options})  # type: ignore[arg-type]


def test_boxes_of_the_asked_picture_come_best_first() -> None:
    boxes, scores = decoded(detector(), outputs(("fine", 1, 2, 1.0, 1.0), ("coarse", 1, 1, 3.0, 0.5)))
    np.testing.assert_allclose(boxes, [[16, 16, 32, 32], [12, 4, 28, 20]], atol=ROUNDING)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp([-3.0, -1.0])), atol=ROUNDING)
    assert len(decoded(detector(), outputs(("fine", 1, 2, 1.0, 1.0)), picture=0)[0]) == 0


def test_the_threshold_may_be_replaced() -> None:
    maps = outputs(("fine", 1, 2, 1.0, 1.0))
    assert len(decoded(detector(min_score=0.8), maps)[0]) == 0
    assert len(decoded(detector(min_score=0.8), maps, min_score=0.7)[0]) == 1


def test_overlapping_boxes_are_one_hand_and_the_number_of_hands_is_bounded() -> None:
    same = outputs(("fine", 1, 2, 1.0, 1.5), ("fine", 1, 3, 2.0, 1.5))
    assert len(decoded(detector(nms_iou=0.4), same)[0]) == 1
    apart = outputs(("fine", 0, 0, 1.0, 0.4), ("fine", 1, 2, 2.0, 0.4), ("fine", 3, 5, 3.0, 0.4))
    _, scores = decoded(detector(), apart)
    np.testing.assert_allclose(scores, 1 / (1 + np.exp([-3.0, -2.0])), atol=ROUNDING)


@pytest.mark.parametrize("wrong", [{"min_score": 1.5}, {"nms_iou": 0.0}, {"max_hands": 0}, {"max_candidates": 0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        detector(**wrong)


def test_outputs_are_used_once() -> None:
    twice = Level(output="fine", stride_px=8)
    with pytest.raises(ValidationError, match="output of its own"):
        AnchorFreeLtrb(levels=(twice, twice), min_score=0.5, nms_iou=0.5, max_hands=2)
    head = Head(output="gesture", role="gesture", labels=NAMES)
    with pytest.raises(ValidationError, match="one head"):
        SoftmaxHeads(heads=(head, head))
