# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.augment.thing import KINDS, drawn_thing

PALM_PX = 40.0


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("name", KINDS)
def test_a_thing_has_the_size_of_its_kind(name: str) -> None:
    for seed in range(10):
        thing = drawn_thing(rng(seed), KINDS[name], PALM_PX, None)
        height, width = thing.opacity.shape
        assert thing.picture.shape == (height, width, 3)
        shortest, longest = (PALM_PX * share for share in KINDS[name].length)
        assert shortest - 1 <= height <= longest + 1
        assert 0 < np.count_nonzero(thing.opacity) <= height * width


def test_a_bottle_is_narrow_at_its_neck() -> None:
    opacity = drawn_thing(rng(), KINDS["bottle"], PALM_PX, None).opacity > 127
    neck, body = opacity[len(opacity) // 10].sum(), opacity[len(opacity) * 2 // 3].sum()
    assert 0 < neck < body / 2


def test_what_is_round_is_dark_towards_one_edge() -> None:
    # A cylinder of one colour: no band, no texture.
    ratios = []
    for seed in range(20):
        picture = drawn_thing(rng(seed), replace(KINDS["can"], profile=((0, 1), (1, 1))), PALM_PX, None).picture
        columns = picture.mean(axis=(0, 2))
        ratios.append(columns.min() / columns.max())
    assert max(ratios) < 0.9


def test_a_texture_covers_some_of_the_things() -> None:
    texture = np.zeros((50, 60, 3), np.uint8)
    texture[..., 2] = 255
    shown = [drawn_thing(rng(seed), KINDS["box"], PALM_PX, texture).picture for seed in range(20)]
    red = [np.mean(picture[..., 2] - picture[..., 0].astype(float)) > 100 for picture in shown]
    assert 3 < sum(red) < 20


def test_a_thing_is_seeded() -> None:
    first, second = (drawn_thing(rng(8), KINDS["cup"], PALM_PX, None) for _ in range(2))
    np.testing.assert_array_equal(first.picture, second.picture)
    assert not np.array_equal(first.picture.shape, drawn_thing(rng(9), KINDS["cup"], PALM_PX, None).picture.shape)
