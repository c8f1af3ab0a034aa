# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from training.augment.light import degraded, occluded, relit

Picture = NDArray[np.uint8]
Change = Callable[[np.random.Generator, Picture], Picture]
CHANGES: list[Change] = [relit, degraded, occluded]
# Enough seeds for every branch: the rarest has a chance of one in ten.
SEEDS = range(60)


@pytest.fixture(scope="module")
def picture() -> Picture:
    across, down = np.meshgrid(np.arange(40), np.arange(30))
    return np.stack([across * 5, down * 8, 255 - across * 5], axis=2).astype(np.uint8)


@pytest.mark.parametrize("change", CHANGES)
def test_shape_and_type_stay_and_the_picture_given_is_left_alone(change: Change, picture: Picture) -> None:
    before = picture.copy()
    for seed in SEEDS:
        changed = change(np.random.default_rng(seed), picture)
        assert (changed.shape, changed.dtype) == (picture.shape, np.uint8)
        np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("change", CHANGES)
def test_the_seed_decides(change: Change, picture: Picture) -> None:
    results = [change(np.random.default_rng(seed), picture) for seed in SEEDS]
    again = [change(np.random.default_rng(seed), picture) for seed in SEEDS]
    assert all(np.array_equal(one, other) for one, other in zip(results, again, strict=True))
    assert len({result.tobytes() for result in results}) > len(SEEDS) / 3


def test_another_light_keeps_what_is_bright_brighter(picture: Picture) -> None:
    grey = np.repeat(picture[..., 1:2], 3, axis=2)
    for seed in SEEDS:
        light = relit(np.random.default_rng(seed), grey).astype(float).mean(2)
        assert (np.diff(light, axis=0) >= -1.5).all()


def test_another_light_stays_recognisable(picture: Picture) -> None:
    for seed in SEEDS:
        mean = relit(np.random.default_rng(seed), picture).mean()
        assert 20 < mean < 235


def test_rectangles_in_front_hide_an_eighth_at_most(picture: Picture) -> None:
    shares = [(occluded(np.random.default_rng(seed), picture) != picture).any(2).mean() for seed in SEEDS]
    assert max(shares) <= 3 * 0.2**2
    assert np.mean([share > 0 for share in shares]) > 0.8


def test_some_pictures_come_from_a_good_camera(picture: Picture) -> None:
    same = [np.array_equal(degraded(np.random.default_rng(seed), picture), picture) for seed in SEEDS]
    # None of the three faults: 0.7 * 0.75 * 0.8 = 0.42.
    assert 0.2 < np.mean(same) < 0.65
