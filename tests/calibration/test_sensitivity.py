# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from calibration.sensitivity import fewest_spared

RANKED = [f"node_{number}" for number in range(40)]


@pytest.mark.parametrize("needed", [1, 2, 3, 7, 8, 13, 19, 20])
def test_as_few_nodes_as_needed_are_spared(needed: int) -> None:
    tried: list[int] = []

    def passes(spared: frozenset[str]) -> bool:
        tried.append(len(spared))
        return len(spared) >= needed

    assert fewest_spared(RANKED, passes) == frozenset(RANKED[:needed])
    assert len(tried) <= 10


def test_no_search_spares_more_than_half_of_all_nodes() -> None:
    assert fewest_spared(RANKED, lambda spared: len(spared) > 20) is None
    assert fewest_spared([], lambda _: True) is None
