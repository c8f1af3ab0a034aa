# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch

from training.models import build
from training.models.detector import PRIOR_SCORE, STRIDES_PX, HandDetector
from training.recipe_from_file import read_recipe

MOST_PARAMETERS = 2_500_000


def small() -> HandDetector:
    return HandDetector(widths=(4, 4, 8, 8, 8), depths=(0, 1, 0, 1), neck_width=8)


@pytest.mark.parametrize(("batch", "height", "width"), [(1, 32, 32), (2, 64, 64), (1, 192, 320), (3, 96, 160)])
def test_there_is_a_map_for_each_stride(batch: int, height: int, width: int) -> None:
    maps = small().eval()(torch.zeros(batch, 3, height, width))
    assert [tuple(level.shape) for level in maps] == [(batch, 5, height // s, width // s) for s in STRIDES_PX]


def test_the_shipped_recipe_stays_small() -> None:
    model = build(read_recipe("hand-detector").model)
    assert sum(parameter.numel() for parameter in model.parameters()) <= MOST_PARAMETERS


def test_an_untrained_detector_expects_few_hands_of_some_size() -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        maps = small().eval()(torch.randn(1, 3, 64, 64))
    for level in maps:
        assert float(level[:, 0].sigmoid().mean()) == pytest.approx(PRIOR_SCORE, rel=0.3)
        assert (level[:, 1:] > 0).all()


def test_what_stands_far_away_does_not_move_a_fine_cell() -> None:
    model = small().eval()
    picture = torch.zeros(1, 3, 64, 256)
    changed = picture.clone()
    changed[..., 224:] = 1.0
    with torch.inference_mode():
        before, after = model(picture)[0], model(changed)[0]
    assert torch.equal(before[..., :4], after[..., :4])
    assert not torch.equal(before[..., -4:], after[..., -4:])


@pytest.mark.parametrize(
    ("widths", "depths"), [((4, 4, 8), (0, 0)), ((4, 4, 8, 8, 8, 8), (0, 0, 0, 0, 0)), ((4, 4, 8, 8, 8), (0, 0))]
)
def test_stages_that_do_not_give_the_strides_are_refused(widths: tuple[int, ...], depths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="widths must"):
        HandDetector(widths=widths, depths=depths, neck_width=8)
