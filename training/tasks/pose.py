# SPDX-License-Identifier: Apache-2.0
"""Training pose models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from training import ranks
from training.data.keypoint_rows import PoseSample
from training.data.loading import batches_of, numbered
from training.data.poses import PoseRows, pose_samples_of, rows_of
from training.metrics import confusion, macro_f1
from training.models import build
from training.provenance import provenance_of
from training.recipe import PoseRecipe


class PoseTraining:
    """The pose model's side of the training loop; see `training.loop.TrainingTask`.

    Raises `SourceError` when a set cannot be read, `UsageError` when the recipe's model cannot be built.
    """

    def __init__(self, recipe: PoseRecipe, data_root: Path) -> None:
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self.model = build(recipe.model)
        samples = pose_samples_of(recipe, data_root)
        self._training = [sample for sample in samples if sample.split == "train"]
        self._validation = [sample for sample in samples if sample.split == "validation"]

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches of keypoints and class numbers."""
        recipe = self._recipe
        yield from batches_of(PoseRows(self._training, recipe), numbered(recipe.schedule, first_step), recipe.schedule)

    def loss(self, outputs: Sequence[Tensor], targets: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        """Return the cross entropy."""
        smoothing = self._recipe.label_smoothing
        each = cross_entropy(outputs[0], targets, label_smoothing=smoothing, reduction="none")
        loss = ranks.mean_of_batch(each)
        return loss, {"loss": float(loss.detach())}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return the figures on the validation rows."""
        return pose_figures(model, self._validation, self._recipe)

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets and their licences; rows are counted as pictures."""
        return provenance_of(self._recipe, self._training, teachers=[])


def pose_figures(model: nn.Module, samples: Sequence[PoseSample], recipe: PoseRecipe) -> dict[str, float]:
    """Return accuracy and macro F1 of a PyTorch model on rows as they are; none for no rows."""
    if not samples:
        return {}
    points, classes = rows_of(samples, recipe)
    with torch.inference_mode():
        (logits,) = model(torch.from_numpy(points))
    guess = logits.argmax(1).numpy()
    counts = confusion(classes, guess, len(recipe.poses))
    accuracy = float(np.mean(guess == classes))
    return {"pose_accuracy": accuracy, "pose_macro_f1": macro_f1(counts), "rows": float(len(classes))}
