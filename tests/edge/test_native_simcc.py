# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from edge import _native

# float32 places of a few hundred pixels, from sums in double precision.
ROUNDING = 1e-3
SIDE_PX = 16


def golden_axis(logits: NDArray[np.float32], side_px: int, reach_px: float) -> tuple[float, float]:
    """Place and probability along one axis, as the definition has it."""
    weights = np.exp(logits.astype(np.float64) - logits.max())
    weights /= weights.sum()
    bins_a_px = len(logits) / side_px
    near = np.abs(np.arange(len(logits)) - logits.argmax()) <= int(reach_px * bins_a_px)
    centres = (np.arange(len(logits)) + 0.5) / bins_a_px
    return float((weights * centres)[near].sum() / weights[near].sum()), float(weights[near].sum())


def logits_of(bins: int) -> st.SearchStrategy[NDArray[np.float32]]:
    return arrays.arrays(np.float32, (2, 3, bins), elements=st.floats(-30, 30, width=32))


@given(logits_of(32), logits_of(48), st.floats(0, 8))
def test_places_and_scores_are_those_of_the_definition(
    x: NDArray[np.float32], y: NDArray[np.float32], reach_px: float
) -> None:
    maps = np.array([[[2.0, 0.5, 10], [-0.5, 3.0, 20]], [[0.0, 1, 0], [1, 0, -5]]])
    placed = _native.locate_simcc(x, y, SIDE_PX, SIDE_PX, reach_px, maps)
    for hand in range(2):
        for point in range(3):
            (px, sure_x), (py, sure_y) = (golden_axis(own[hand, point], SIDE_PX, reach_px) for own in (x, y))
            expected = [*(maps[hand, :, :2] @ [px, py] + maps[hand, :, 2]), sure_x * sure_y]
            np.testing.assert_allclose(placed[hand, point], expected, atol=ROUNDING)


def test_one_sure_bin_is_its_centre() -> None:
    x, y = np.full((2, 1, 1, 32), -40, np.float32)
    x[..., 7] = y[..., 20] = 40
    placed = _native.locate_simcc(x, y, SIDE_PX, SIDE_PX, 2.0, np.eye(2, 3)[None])
    np.testing.assert_allclose(placed[0, 0], [3.75, 10.25, 1], atol=ROUNDING)


def test_the_better_of_two_places_is_taken_and_scores_no_more_than_its_share() -> None:
    logits = np.full((1, 1, 32), -40, np.float32)
    logits[..., 4], logits[..., 28] = np.log(0.75), np.log(0.25)
    placed = _native.locate_simcc(logits, logits, SIDE_PX, SIDE_PX, 1.0, np.eye(2, 3)[None])
    np.testing.assert_allclose(placed[0, 0], [2.25, 2.25, 0.75**2], atol=ROUNDING)


def test_a_reach_beyond_all_bins_takes_all() -> None:
    logits = np.linspace(0, 1, 32, dtype=np.float32)[None, None]
    near, far = (_native.locate_simcc(logits, logits, 16, 16, reach, np.eye(2, 3)[None]) for reach in (16.0, 1e300))
    np.testing.assert_array_equal(near, far)
    assert far[0, 0, 2] == pytest.approx(1, abs=1e-6)


def test_no_hands_have_no_keypoints() -> None:
    empty = np.zeros((0, 21, 32), np.float32)
    assert _native.locate_simcc(empty, empty, 16, 16, 1.0, np.zeros((0, 2, 3))).shape == (0, 21, 3)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"x": np.zeros((1, 20, 32), np.float32)}, "x and y must be"),
        ({"y": np.zeros((1, 21, 0), np.float32)}, "x and y must be"),
        ({"matrices": np.zeros((2, 2, 3))}, "one map a hand"),
        ({"matrices": np.full((1, 2, 3), np.nan)}, "matrices must be finite"),
        ({"width": 0}, "at least 1"),
        ({"reach": -1.0}, "reach must be"),
        ({"reach": float("inf")}, "reach must be"),
        ({"x": np.full((1, 21, 32), np.nan, np.float32)}, "logits must be finite"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], told: str) -> None:
    logits = np.zeros((1, 21, 32), np.float32)
    given: dict[str, Any] = {"x": logits, "y": logits, "width": 16, "height": 16, "reach": 1.0}
    with pytest.raises(ValueError, match=told):
        _native.locate_simcc(**{**given, "matrices": np.zeros((1, 2, 3)), **changes})
