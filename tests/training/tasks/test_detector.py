# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from edge.errors import SourceError, UsageError
from tests.training.small_recipes import detector_recipe
from tests.training.small_sets import write_coco, write_hands
from training.models.detector import STRIDES_PX
from training.tasks import task_from_recipe
from training.tasks.detector import DetectorTraining, detect


class OneBox(nn.Module):
    """Reports one box of the tensor, given in its pixels, whatever the picture shows."""

    def __init__(self, *box: float, score: float = 0.9) -> None:
        super().__init__()
        self._box, self._logit = box, float(np.log(score / (1 - score)))

    def forward(self, pictures: Tensor) -> list[Tensor]:
        height, width = pictures.shape[2:]
        maps = [torch.full((len(pictures), 5, height // s, width // s), -9.0) for s in STRIDES_PX]
        x1, y1, x2, y2 = self._box
        column, row = int((x1 + x2) / 16), int((y1 + y2) / 16)
        x, y = column * 8 + 4, row * 8 + 4
        sides = [(x - x1) / 8, (y - y1) / 8, (x2 - x) / 8, (y2 - y) / 8]
        maps[0][:, :, row, column] = torch.tensor([self._logit, *sides])
        return maps


RECIPE = detector_recipe()


def test_boxes_come_back_in_pixels_of_the_picture() -> None:
    # 128 x 100 is halved and stands in a tensor of 64 x 64, 7 pixels below its upper side.
    found = detect(OneBox(8, 15, 40, 47), np.zeros((100, 128, 3), np.uint8), RECIPE)
    np.testing.assert_allclose(found.boxes_xyxy, [[16, 16, 80, 80]], atol=1e-3)
    assert found.scores.tolist() == pytest.approx([0.9])
    assert found.boxes_xyxy.dtype == np.float32


def test_boxes_are_cut_at_the_picture_and_gone_in_the_padding() -> None:
    picture = np.zeros((100, 128, 3), np.uint8)
    np.testing.assert_allclose(detect(OneBox(0, 0, 64, 64), picture, RECIPE).boxes_xyxy, [[0, 0, 128, 100]])
    assert len(detect(OneBox(8, 1, 20, 5), picture, RECIPE).boxes_xyxy) == 0


def test_boxes_of_low_scores_are_there_for_the_precision_curve() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    assert len(detect(OneBox(8, 8, 40, 40, score=0.05), picture, RECIPE).boxes_xyxy) == 1
    assert len(detect(OneBox(8, 8, 40, 40, score=0.01), picture, RECIPE).boxes_xyxy) == 0
    lower = detector_recipe(decoding={"min_score": 0.005})
    assert len(detect(OneBox(8, 8, 40, 40, score=0.01), picture, lower).boxes_xyxy) == 1


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_hands(folder / "hands", splits=["train"] * 8 + ["val", "test"])
    return folder


def test_sides_follow_the_stages_and_batches_go_on_where_they_stopped(root: Path) -> None:
    training = DetectorTraining(detector_recipe(), root)
    batches = list(training.batches(0))
    assert [tuple(inputs.shape) for inputs, _ in batches] == [(2, 3, 32, 32)] * 2 + [(2, 3, 64, 64)] * 2
    assert not torch.equal(batches[2][0], batches[3][0])
    for (inputs, targets), (again, other) in zip(batches[3:], training.batches(3), strict=True):
        assert torch.equal(inputs, again)
        assert torch.equal(targets.boxes_xyxy, other.boxes_xyxy)


def test_validation_looks_at_the_validation_pictures_alone(root: Path) -> None:
    recipe = detector_recipe(data={"validate_every": 1_000_000, "sets": [{"path": "hands"}]})
    training = DetectorTraining(recipe, root)
    # The one validation picture is the ninth, its hand as `write_hands` puts it.
    figures = training.evaluate(OneBox(18, 8 + 9, 50, 38 + 9))
    assert figures["hands"] == 1
    assert figures["recall"] == figures["precision"] == 1.0
    sets = training.provenance()["data"]["sets"]
    assert sets == [{"dataset": "hands", "licence": "CC0-1.0", "pictures": 8}]


def test_recall_and_precision_are_those_at_the_recipes_threshold(root: Path) -> None:
    data = {"validate_every": 1_000_000, "sets": [{"path": "hands"}]}
    one_box = OneBox(18, 8 + 9, 50, 38 + 9, score=0.4)
    recalls = [
        DetectorTraining(detector_recipe(data=data, decoding={"min_score": min_score}), root).evaluate(one_box)[
            "recall"
        ]
        for min_score in (0.3, 0.5)
    ]
    assert recalls == [1.0, 0.0]


def test_the_loss_falls_when_the_model_says_what_is_there(root: Path) -> None:
    training = DetectorTraining(detector_recipe(), root)
    inputs, targets = next(iter(training.batches(3)))
    loss, figures = training.loss(training.model(inputs), targets)
    assert figures["loss"] == pytest.approx(float(loss.detach()))
    assert set(figures) == {"loss", "score", "box"}


def test_a_training_without_hands_is_refused(tmp_path: Path) -> None:
    write_coco(tmp_path / "hands", [{"split": "train", "group": name} for name in "abcdef"], [])
    training = DetectorTraining(detector_recipe(), tmp_path)
    with pytest.raises(SourceError, match="no training picture shows a hand"):
        next(iter(training.batches(0)))


def test_a_detector_takes_no_teacher_model(root: Path) -> None:
    assert isinstance(task_from_recipe(detector_recipe(), root), DetectorTraining)
    with pytest.raises(UsageError, match="learns from labels alone"):
        task_from_recipe(detector_recipe(), root, teacher=root / "teacher.onnx")
