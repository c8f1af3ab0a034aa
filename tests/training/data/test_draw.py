# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from training.data.draw import Draw


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_the_same_numbers_are_drawn_as_by_numpy(count: int) -> None:
    weights = np.random.default_rng(count).random(count)
    chances = weights / weights.sum()
    draw = Draw(chances)
    for seed in range(200):
        ours, numpys = np.random.default_rng(seed), np.random.default_rng(seed)
        assert draw(ours) == numpys.choice(count, p=chances)
        assert ours.random() == numpys.random()


def test_an_item_without_a_chance_is_never_drawn() -> None:
    draw, rng = Draw(np.array([0.0, 0.5, 0.0, 0.5, 0.0])), np.random.default_rng(0)
    assert {draw(rng) for _ in range(200)} == {1, 3}
