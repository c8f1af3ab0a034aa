# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from edge.bundle.bundle import Bundle
from edge.tasks import HandSegmenter, PictureSegmenter, Task, load
from export.bundle_from_checkpoint import bundle_from_checkpoint
from export.settings import ExportSettings
from tests.edge.bundles import noisy_picture
from tests.training.small_recipes import segmenter_recipe
from training.models import build
from training.provenance import provenance_of
from training.recipe import SegmenterRecipe

PICTURES = {
    "model": {"architecture": "lraspp_mobilenet_v3_large"},
    "input": {"fit": "stretch", "width_px": 64, "height_px": 48},
}


def checkpoint_of(recipe: SegmenterRecipe, path: Path) -> Path:
    """Save an untrained model whose normalisation has seen something, so that it tells crops apart."""
    torch.manual_seed(0)
    model = build(recipe.model).train()
    with torch.no_grad():
        for _ in range(20):
            model(torch.randn(4, 3, recipe.input.height_px, recipe.input.width_px))
    state = model.state_dict()
    torch.save({"ema": state, **provenance_of(recipe, [], teachers=[])}, path)
    return path


@pytest.mark.parametrize(
    ("recipe", "kind", "grid_hw"),
    [
        (segmenter_recipe(), HandSegmenter, (16, 16)),
        (segmenter_recipe(**PICTURES), PictureSegmenter, (6, 8)),
    ],
)
def test_a_segmenter_is_exported_and_told_apart_by_its_input(
    recipe: SegmenterRecipe, kind: type[Task], grid_hw: tuple[int, int], tmp_path: Path
) -> None:
    path = checkpoint_of(recipe, tmp_path / "checkpoint.pt")
    report = bundle_from_checkpoint(path, ExportSettings(to=tmp_path), say=lambda _: None)
    assert all(file.agrees for file in report.files if file.kept)
    bundle = Bundle.open(report.bundle)
    assert bundle.manifest.outputs[0].shape == ("batch", 1, *grid_hw)
    bundle.verify()
    with load(bundle.path) as task:
        assert isinstance(task, kind)
        if isinstance(task, HandSegmenter):
            masks = task(noisy_picture(120, 110), np.array([[10, 10, 60, 60]], np.float32)).masks
            assert masks is not None
            assert masks.logits.shape == (1, *grid_hw)
