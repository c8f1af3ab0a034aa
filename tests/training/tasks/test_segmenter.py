# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from edge.errors import SourceError, UsageError
from tests.training.small_checkpoints import saved
from tests.training.small_recipes import detector_recipe, segmenter_mapping, segmenter_recipe
from tests.training.small_sets import write_hands, write_mask_folders, write_masks
from training.checkpoint import read_checkpoint
from training.data.coco import read_coco
from training.data.mask_pictures import masked_samples
from training.evaluation import card_from_rows, evaluate_checkpoint
from training.loop import train
from training.losses.masks import mask_loss
from training.metrics import mask_figures, mask_iou
from training.models import build
from training.models.growth import load_backbone
from training.models.segmenter import CropSegmenter
from training.recipe import SegmenterRecipe
from training.tasks import task_from_recipe
from training.tasks.segmenter import SegmenterTraining

STILL = {"shift": 0, "scale": 0, "rotation_rad": 0, "any_rotation": 0, "backdrop": 0, "far": 0}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_masks(folder / "hands", splits=["train"] * 6 + ["val", "test", "test"])
    write_hands(folder / "plain", splits=["train"] * 3)
    return folder


def test_a_model_learns_which_pixels_are_the_hands(root: Path, tmp_path: Path) -> None:
    schedule = segmenter_mapping()["schedule"] | {"steps": 60, "batch": 4, "rate": 0.02, "validate_steps": 60}
    recipe = segmenter_recipe(schedule=schedule | {"average_decay": 0.5}, augment=STILL)
    task = task_from_recipe(recipe, root)
    path = train(task, recipe.schedule, tmp_path, seed=recipe.seed)
    after = read_checkpoint(path).metrics
    assert after["mean_iou"] > 0.85
    assert set(after) == {"mean_iou", "worst_tenth_iou", "poor"}


def test_batches_go_on_where_they_stopped(root: Path) -> None:
    training = SegmenterTraining(segmenter_recipe(), root)
    whole, rest = list(training.batches(0)), list(training.batches(2))
    assert len(whole) == 4
    for (crops, masks), (again, same) in zip(whole[2:], rest, strict=True):
        assert torch.equal(crops, again)
        assert torch.equal(masks, same)


def test_hands_without_masks_teach_nothing(root: Path) -> None:
    data = {"validate_every": 1_000_000, "sets": [{"path": "plain"}]}
    training = SegmenterTraining(segmenter_recipe(data=data), root)
    with pytest.raises(SourceError, match="no training hand has a mask"):
        next(iter(training.batches(0)))
    assert training.evaluate(training.model.eval()) == {}


def test_a_checkpoint_is_measured_and_its_mistakes_are_shown(root: Path, tmp_path: Path) -> None:
    path = saved(tmp_path / "checkpoint.pt", segmenter_recipe(), tell__bias=-9.0)
    evaluation = evaluate_checkpoint(path, root)
    assert evaluation.rows["hands"]["hands"] == 2
    assert evaluation.rows["all sets"]["mean_iou"] == 0
    assert [mistake.told for mistake in evaluation.mistakes] == ["IoU 0.00"] * 2
    assert card_from_rows(evaluation.rows, path, note="").metric == "mean_iou"
    with pytest.raises(UsageError, match="min_score is for detectors"):
        evaluate_checkpoint(path, root, min_score=0.4)


def test_a_backbone_takes_the_first_stages_of_a_longer_one(tmp_path: Path) -> None:
    weights = read_checkpoint(saved(tmp_path / "detector.pt", detector_recipe())).weights
    recipe = detector_recipe().model
    widths, depths = (tuple(recipe[key][:-1]) for key in ("widths", "depths"))
    model = CropSegmenter(widths=widths, depths=depths, neck_width=8, fine=4)
    load_backbone(model, weights)
    own = model.state_dict()
    taken = [name for name in own if name.startswith("backbone.")]
    assert taken
    assert all(torch.equal(own[name], weights[name]) for name in taken)


def test_the_loss_of_a_right_mask_is_small_and_of_a_wrong_one_large() -> None:
    masks = torch.zeros(2, 8, 8)
    masks[:, :, 4:] = 1
    sure = (masks[:, None, ::2, ::2] * 2 - 1) * 30
    right, wrong = mask_loss(sure, masks), mask_loss(-sure, masks)
    assert float(right.dice) < 0.1
    assert float(wrong.dice) > 0.9
    assert float(wrong.pixel) > 10 * float(right.pixel)


def test_figures_tell_the_mean_and_the_worst() -> None:
    first, second = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    first[:2], second[1:3] = True, True
    assert mask_iou(first, second) == pytest.approx(1 / 3)
    assert mask_iou(first[2:], second[3:]) == 1
    figures = mask_figures([1.0] * 9 + [0.5])
    assert figures == {"mean_iou": pytest.approx(0.95), "worst_tenth_iou": 0.5, "poor": pytest.approx(0.1)}


def picture_recipe(network: str = "lraspp_mobilenet_v3_large", **changes: Any) -> SegmenterRecipe:
    """A recipe of a model of whole pictures."""
    shape = {"fit": "stretch", "width_px": 64, "height_px": 64}
    return segmenter_recipe(**{"model": {"architecture": network}, "input": shape, "augment": STILL} | changes)


def test_a_model_of_whole_pictures_learns_from_outlines_and_from_pictures_of_masks(tmp_path: Path) -> None:
    write_masks(tmp_path / "hands", splits=["train"] * 4 + ["val", "test"])
    write_mask_folders(tmp_path / "drawn", train=3, test=1)
    sets = [{"path": "hands"}, {"path": "drawn", "layout": "masks"}]
    recipe = picture_recipe(data={"validate_every": 100, "sets": sets})
    task = task_from_recipe(recipe, tmp_path)
    inputs, masks = (torch.cat(parts) for parts in zip(*task.batches(0), strict=True))
    assert inputs.shape == (8, 3, 64, 64)
    assert masks.shape == (8, 64, 64)
    # The hand is redder than blue, its surroundings are not; one picture in twelve is made grey.
    agreement = ((inputs[:, 0] > inputs[:, 2]) == masks.bool()).float().mean((1, 2))
    assert float(agreement.median()) > 0.95
    path = train(task, recipe.schedule, tmp_path / "run", seed=recipe.seed)
    rows = evaluate_checkpoint(path, tmp_path).rows
    assert {name: row["pictures"] for name, row in rows.items()} == {"hands": 1, "drawn": 1, "all sets": 2}
    assert 0 <= rows["drawn"]["class_mean_iou"] <= 1


def test_pictures_with_a_hand_whose_mask_nobody_knows_are_left_out(tmp_path: Path) -> None:
    write_masks(tmp_path / "hands", splits=["train"])
    (sample,) = read_coco(tmp_path / "hands")
    assert masked_samples([sample]) == [sample]
    assert masked_samples([replace(sample, outlines=(None,))]) == []
    assert masked_samples([replace(sample, ignored=np.ones(1, np.bool_))]) == []


@pytest.mark.parametrize("network", ["deeplabv3_resnet50", "lraspp_mobilenet_v3_large"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_networks_take_pictures_of_any_channels(network: str, channels: int) -> None:
    model = build({"architecture": network, "channels": channels}).eval()
    with torch.inference_mode():
        (logits,) = model(torch.zeros(1, channels, 64, 96))
    assert logits.shape == (1, 1, 8, 12)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"input": {"fit": "crop", "width_px": 64, "height_px": 64}}, "the model of crops is crop-segmenter"),
        ({"input": {"fit": "stretch", "width_px": 64, "height_px": 64, "colour": "gray"}}, "gray has 1 channels"),
        (
            {"input": {"fit": "letterbox", "width_px": 64, "height_px": 64, "multiple_px": 32}},
            "a segmenter's input has one size",
        ),
    ],
)
def test_an_input_that_the_model_does_not_take_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        picture_recipe(**changes)
