# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.keypoints import CHAINS, KEYPOINTS, PALM, normalised

# float32 results of moderate size.
ROUNDING = 1e-5
ANGLES = st.floats(-np.pi, np.pi)


def hands(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 30, (4, 21, 2))


def turned(points: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]))


def test_names_and_bones_cover_the_hand() -> None:
    assert len(set(KEYPOINTS)) == 21
    assert [KEYPOINTS[row] for row in (0, 1, 4, 5, 8, 20)] == [
        "wrist",
        "thumb_cmc",
        "thumb_tip",
        "index_mcp",
        "index_tip",
        "pinky_tip",
    ]
    assert sorted(itertools.chain(*CHAINS, [0])) == list(range(21))
    assert {0, *(chain[0] for chain in CHAINS)} == set(PALM)


@given(st.integers(0, 1000), st.floats(0.1, 50), st.floats(-500, 500))
def test_place_and_size_are_gone(seed: int, scale: float, shift: float) -> None:
    points = hands(seed)
    rows = normalised(points)
    np.testing.assert_allclose(normalised(points * scale + shift), rows, atol=ROUNDING)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=2).max(axis=1), 1, atol=ROUNDING)
    assert not rows[:, 0].any()


@given(st.integers(0, 1000), ANGLES)
def test_upright_hands_have_no_direction(seed: int, angle: float) -> None:
    rows = normalised(hands(seed), upright=True)
    np.testing.assert_allclose(normalised(turned(hands(seed), angle), upright=True), rows, atol=ROUNDING)
    np.testing.assert_allclose(rows[:, 9, 0], 0, atol=ROUNDING)
    assert (rows[:, 9, 1] < 0).all()


@pytest.mark.parametrize("upright", [False, True])
@given(seed=st.integers(0, 1000), angle=ANGLES)
def test_one_sided_hands_are_the_same_as_their_mirror_images(seed: int, angle: float, upright: bool) -> None:
    points = hands(seed)
    mirrored = points * [-1, 1]
    if upright:
        mirrored = turned(mirrored, angle)
    rows, of_mirrored = (normalised(own, upright=upright, one_sided=True) for own in (points, mirrored))
    np.testing.assert_allclose(of_mirrored, rows, atol=ROUNDING)


def test_a_right_palm_is_mirrored_and_a_left_one_is_not() -> None:
    left_palm = hands(3)[:1]
    # Fingers up, the little finger to the right of the index finger, as one sees one's own left palm.
    left_palm[0, [0, 5, 9, 17]] = [[0, 0], [-20, -80], [0, -85], [35, -70]]
    right_palm = left_palm * [-1, 1]
    np.testing.assert_allclose(normalised(left_palm, one_sided=True), normalised(left_palm), atol=ROUNDING)
    np.testing.assert_allclose(normalised(right_palm, one_sided=True), normalised(left_palm), atol=ROUNDING)


def test_a_hand_seen_the_wrong_way_is_turned_not_mirrored() -> None:
    upside_down = turned(hands(3), np.pi)
    assert not np.allclose(normalised(upside_down), normalised(hands(3)))
    np.testing.assert_allclose(
        normalised(upside_down, one_sided=True), -normalised(hands(3), one_sided=True), atol=ROUNDING
    )


def test_a_hand_without_extent_stays_finite() -> None:
    assert np.isfinite(normalised(np.full((1, 21, 2), 7.0), upright=True, one_sided=True)).all()
    assert normalised(np.zeros((0, 21, 2))).shape == (0, 21, 2)
