# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from edge.results import FrameResult, Hands, Labels

NAMES = ("palm", "fist", "ok")
SIDES = ("left", "right")


@st.composite
def hands(draw: st.DrawFn) -> Hands:
    count = draw(st.integers(0, 6))
    corners = draw(hnp.arrays(np.float32, (count, 2, 2), elements=st.floats(-50, 5000, width=32)))
    corners.sort(axis=1)
    scores = hnp.arrays(np.float32, count, elements=st.floats(0, 1, width=32))

    def labels(names: tuple[str, ...]) -> Labels:
        ids = draw(hnp.arrays(np.int64, count, elements=st.integers(-1, len(names) - 1)))
        return Labels(names, ids, draw(scores))

    return Hands(
        corners.reshape(count, 4),
        draw(scores),
        gestures=labels(NAMES) if draw(st.booleans()) else None,
        handedness=labels(SIDES) if draw(st.booleans()) else None,
        track_ids=draw(hnp.arrays(np.int64, count)) if draw(st.booleans()) else None,
        presence=draw(scores) if draw(st.booleans()) else None,
        keypoints=draw(keypoints(count)) if draw(st.booleans()) else None,
        holding=labels(("holding", "empty")) if draw(st.booleans()) else None,
        poses=labels(("up", "down")) if draw(st.booleans()) else None,
    )


def keypoints(count: int) -> st.SearchStrategy[NDArray[np.float32]]:
    """Places on one side of the picture and beyond, and scores."""
    places = hnp.arrays(np.float32, (count, 21, 3), elements=st.floats(0, 1, width=32))
    return places.map(lambda points: points * np.array([5000, -50, 1], np.float32))


def result(of: Hands, **latency_ms: float) -> FrameResult:
    return FrameResult("clip.mp4", None, 3, 0.125, 640, 480, of, latency_ms)


@pytest.fixture(scope="module")
def schema(repo_root: Path) -> jsonschema.Draft202012Validator:
    document = json.loads((repo_root / "edge" / "schemas" / "frame-1.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


@given(hands())
def test_every_result_is_one_line_that_keeps_the_schema(schema: jsonschema.Draft202012Validator, of: Hands) -> None:
    line = result(of, capture=1.0, total=2.5).to_json()
    assert "\n" not in line
    schema.validate(json.loads(line))


@given(hands(), st.data())
def test_slicing_is_indexing_each_array(of: Hands, data: st.DataObject) -> None:
    mask = data.draw(hnp.arrays(np.bool_, len(of)))
    part = of[mask]
    assert np.array_equal(part.boxes_xyxy, of.boxes_xyxy[mask])
    assert (part.gestures is None) == (of.gestures is None)
    for name in ("presence", "keypoints"):
        whole, kept = getattr(of, name), getattr(part, name)
        assert (kept is None) == (whole is None)
        assert kept is None or np.array_equal(kept, whole[mask])
    assert [hand.to_dict() for hand in part] == [hand.to_dict() for hand, kept in zip(of, mask, strict=True) if kept]
    assert len(of[1:3]) == len(range(len(of))[1:3])
    for row, hand in enumerate(of):
        assert of[row].to_dict() == hand.to_dict()  # noqa: PLR1736 - the point is that both ways agree


def test_schema_refuses_what_a_reader_could_not_rely_on(schema: jsonschema.Draft202012Validator) -> None:
    boxes = np.array([[1, 2, 3, 4]], np.float32)
    good = result(Hands(boxes, np.ones(1, np.float32))).to_dict()
    schema.validate(good)
    for change in ({"schema": "edge.frame/2"}, {"hands": None}, {"frame": -1}, {"colour": "red"}):
        with pytest.raises(jsonschema.ValidationError):
            schema.validate({**good, **change})


def test_json_rounds_no_box_away() -> None:
    box = np.array([[0.004, 10.126, 100.5, 2160.25]], np.float32)
    (hand,) = json.loads(result(Hands(box, np.array([0.98765], np.float32))).to_json())["hands"]
    assert hand["box_xyxy"] == pytest.approx(box[0].tolist(), abs=0.005)
    assert hand["score"] == pytest.approx(0.98765, abs=5e-5)


@pytest.mark.parametrize(
    ("boxes", "scores", "told"),
    [
        (np.zeros(4, np.float32), np.zeros(1, np.float32), r"wrap a single box as boxes\[None\]"),
        (np.zeros((1, 4)), np.zeros(1, np.float32), "float32"),
        (np.zeros((2, 4), np.float32), np.zeros(1, np.float32), "scores must be"),
        (np.array([[5, 0, 1, 1]], np.float32), np.zeros(1, np.float32), "x1 <= x2"),
        (np.array([[0, 0, np.nan, 1]], np.float32), np.zeros(1, np.float32), "finite"),
        (np.array([[0, 0, np.inf, 1]], np.float32), np.zeros(1, np.float32), "finite"),
    ],
)
def test_wrong_arrays_are_refused_by_name(boxes: Any, scores: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Hands(boxes, scores)


def test_labels_refuse_an_id_without_a_name() -> None:
    with pytest.raises(ValueError, match=r"-1\.\.2"):
        Labels(NAMES, np.array([3]), np.zeros(1, np.float32))


def test_hands_refuse_labels_of_another_number() -> None:
    labels = Labels(NAMES, np.array([0, 1]), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match="one label a box"):
        Hands(np.zeros((1, 4), np.float32), np.zeros(1, np.float32), gestures=labels)
    with pytest.raises(ValueError, match=r"keypoints must be \(1, 21, 3\) float32, got \(1, 21, 2\)"):
        Hands(np.zeros((1, 4), np.float32), np.zeros(1, np.float32), keypoints=np.zeros((1, 21, 2), np.float32))


def test_repr_shows_shapes() -> None:
    assert repr(Hands.empty()) == "Hands(n=0, boxes_xyxy=(0, 4))"
