# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from pydantic import ValidationError

from edge.errors import SourceError, UsageError
from tests.training.small_recipes import SCHEDULE, holding_mapping, holding_recipe
from tests.training.small_sets import annotation, write_coco, write_listed
from training.checkpoint import read_checkpoint
from training.data.crops import UNKNOWN, crop_tensor
from training.data.pictures import PictureStore
from training.evaluation import card_from_rows, evaluate_checkpoint
from training.loop import MISTAKES, train
from training.mistakes import TILE_PX
from training.models.face import HEADS
from training.recipe import HoldingRecipe
from training.tasks import task_from_recipe
from training.tasks.holding import HoldingTraining, known_hands

SMALL: dict[str, Any] = {"architecture": "crop-classifier", "head_classes": [2], "widths": [8, 8, 16], "depths": [0, 0]}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_listed(folder / "hold", train=16, test=6)
    return folder


def test_a_small_network_learns_what_holding_is(root: Path, tmp_path: Path) -> None:
    schedule = SCHEDULE | {"steps": 60, "batch": 16, "rate": 0.01, "average_decay": 0.5, "validate_steps": 60}
    recipe = holding_recipe(model=SMALL, schedule=schedule)
    path = train(task_from_recipe(recipe, root), recipe.schedule, tmp_path, seed=recipe.seed)
    evaluation = evaluate_checkpoint(path, root)
    expected = {"hands": 6.0, "holding_accuracy": 1.0, "holding_macro_f1": 1.0}
    assert evaluation.rows == {"hold": expected, "all sets": expected}
    assert evaluation.mistakes == []
    card = card_from_rows(evaluation.rows, path, note="")
    assert (card.metric, card.value) == ("holding_accuracy", 1.0)
    assert "holding_accuracy" in read_checkpoint(path).metrics
    # The validation pictures that it got wrong, or one empty tile.
    sheet = cv2.imread(str(tmp_path / MISTAKES))
    assert sheet is not None
    assert sheet.shape[1] % TILE_PX == 0


@pytest.mark.parametrize("head", sorted(HEADS))
def test_a_face_network_descends_with_each_head(root: Path, tmp_path: Path, head: str) -> None:
    model = {"architecture": "MobileFace", "head": head, "classes": 2, "embedding": 16}
    recipe = holding_recipe(model=model, schedule=SCHEDULE | {"steps": 2})
    path = train(task_from_recipe(recipe, root), recipe.schedule, tmp_path, seed=recipe.seed)
    weights = read_checkpoint(path).weights
    untrained = HoldingTraining(recipe, root).model.state_dict()
    assert not torch.equal(weights["margin.weight"], untrained["margin.weight"])
    assert not torch.equal(weights["net.conv1.conv.weight"], untrained["net.conv1.conv.weight"])


def test_a_listed_picture_is_its_own_crop(root: Path) -> None:
    recipe = holding_recipe()
    training = HoldingTraining(recipe, root)
    hand = known_hands(training._training, recipe)[0]
    picture = PictureStore([hand.path])[hand.path]
    crop = crop_tensor(picture, hand.box_xyxy, recipe.input.contract())
    expected = (picture.transpose(2, 0, 1).astype(np.float32) - 127.5) / 127.5
    np.testing.assert_allclose(crop.numpy(), expected, atol=1e-5)


def test_annotated_hands_of_which_it_is_known_are_learned_from(tmp_path: Path) -> None:
    boxes = [annotation(0, 10, 8, 42, 38, holding=True), annotation(0, 0, 8, 30, 38, holding=False)]
    write_coco(tmp_path / "hands", [{"split": "train"}], [*boxes, annotation(0, 20, 8, 52, 38)])
    recipe = holding_recipe(data={"sets": [{"path": "hands"}], "validate_every": 1000})
    hands = known_hands(HoldingTraining(recipe, tmp_path)._training, recipe)
    assert [hand.holding for hand in hands] == [1, 0]
    assert {hand.gesture for hand in hands} == {UNKNOWN}


def test_what_cannot_be_trained_is_one_sentence(root: Path, tmp_path: Path) -> None:
    write_listed(tmp_path / "hold", train=1)
    task = HoldingTraining(holding_recipe(data=holding_mapping()["data"] | {"validate_every": 1000}), tmp_path)
    with pytest.raises(SourceError, match="hands that hold something and hands that do not"):
        next(task.batches(0))
    with pytest.raises(UsageError, match="MobileFace takes pictures of 112 x 112 pixels, got"):
        HoldingTraining(holding_recipe(input=holding_mapping()["input"] | {"width_px": 64, "height_px": 64}), root)
    with pytest.raises(ValidationError, match=r"model\.classes must be 2"):
        holding_recipe(model={"architecture": "MobileFace", "classes": 3})
    with pytest.raises(ValidationError, match="fold must be one of 0 to folds - 1, got fold 4 of folds 4"):
        HoldingRecipe.model_validate(holding_mapping(data=holding_mapping()["data"] | {"folds": 4, "fold": 4}))
