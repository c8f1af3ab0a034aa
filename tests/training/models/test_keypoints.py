# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from edge.errors import UsageError
from tests.training.small_recipes import keypoints_mapping
from training.models import build
from training.recipe_from_file import read_recipe


def test_there_is_a_distribution_for_each_axis_of_each_keypoint() -> None:
    model = build(keypoints_mapping()["model"]).eval()
    x, y = model(torch.zeros(2, 3, 32, 32))
    assert x.shape == y.shape == (2, 21, 64)


def test_the_shipped_recipe_stays_small() -> None:
    model = build(read_recipe("hand-keypoints").model)
    assert sum(parameter.numel() for parameter in model.parameters()) < 1_700_000


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"side_px": 40}, "side_px must be a multiple of 32"), ({"widths": [4, 4, 8, 8]}, "strides 4 to 32 at least")],
)
def test_sizes_that_do_not_fit_are_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        build(keypoints_mapping()["model"] | changes)
