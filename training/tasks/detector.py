# SPDX-License-Identifier: Apache-2.0
"""Training the hand detector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge.frame import Frame, PixelFormat
from edge.preprocess import Preprocessor
from training import ranks
from training.augment.placement import Picture
from training.data.catalogue import samples_of
from training.data.detection import DetectionScenes, collate, pools_from_samples
from training.data.loading import batches_of
from training.data.reduction import reduced, store_of
from training.data.workers import keep_opencv_single_threaded
from training.decoder_from_recipe import decoder_from_recipe
from training.losses.detection import DetectionTargets, detection_loss
from training.metrics import Found, Wanted, detection_figures
from training.mistakes import detector_mistakes
from training.models import build
from training.models.detector import STRIDES_PX
from training.provenance import provenance_of
from training.recipe import DetectorRecipe
from training.tasks.mistake_sheet import MistakeSheet

# Average precision looks at boxes of all scores.
CURVE_MIN_SCORE = 0.02


class DetectorTraining(MistakeSheet):
    """The detector's side of the training loop; see `training.loop.TrainingTask`.

    Raises `SourceError` when a set or a picture cannot be read, `UsageError` when the recipe's model cannot be built.
    """

    def __init__(self, recipe: DetectorRecipe, data_root: Path) -> None:
        keep_opencv_single_threaded()
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self.model = build(recipe.model)
        self._contract = recipe.input.contract()
        samples = samples_of(recipe.data, data_root, seed=recipe.seed)
        used = reduced([sample for sample in samples if sample.split != "test"], longest_px=_enough_px(recipe))
        self._pictures = store_of(used)
        self._training = [sample for sample in used if sample.split == "train"]
        self._validation = [sample for sample in used if sample.split == "validation"]

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, DetectionTargets]]:
        """Yield batches of scenes; the sides of the recipe's stages take turns at random."""
        recipe = self._recipe
        pools = pools_from_samples(self._training, self._pictures, recipe.data.weights)
        scenes = DetectionScenes(pools, self._pictures, self._contract, recipe.augment, seed=recipe.seed)
        yield from batches_of(scenes, _keys(recipe, first_step), recipe.schedule, collate=collate)

    def loss(self, outputs: Sequence[Tensor], targets: DetectionTargets) -> tuple[Tensor, Mapping[str, float]]:
        """Return the detection loss and its parts."""
        loss = detection_loss(outputs, targets, STRIDES_PX)
        return loss.total, {"loss": float(loss.total.detach()), "score": float(loss.score), "box": float(loss.box)}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return AP, AP50, recall and precision on the validation groups, preprocessed as on the device."""
        found = [detect(model, self._pictures[sample.path], self._recipe) for sample in self._validation]
        wanted = [Wanted(sample.boxes_xyxy, sample.ignored) for sample in self._validation]
        self._mistakes = detector_mistakes(self._validation, found, self._recipe.decoding.min_score)
        return detection_figures(found, wanted, self._recipe.decoding.min_score)

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets and their licences."""
        return provenance_of(self._recipe, self._training, teachers=[])


def _enough_px(recipe: DetectorRecipe) -> float:
    """Return the longer side of a picture beyond which no scene shows more of it."""
    side_px = max(side for stage in recipe.stages for side in stage.sides_px)
    return side_px * max(recipe.augment.canvas_scales) * recipe.augment.largest_enlargement


def detect(model: nn.Module, picture: Picture, recipe: DetectorRecipe) -> Found:
    """Run a PyTorch detector on one BGR picture with the device's preprocessing and decoding, low scores included."""
    frame = Frame(picture, PixelFormat.BGR, time_ns=0, index=0, source="training")
    preprocessor, decoder = Preprocessor(recipe.input.contract()), decoder_from_recipe(recipe)
    height, width = preprocessor.tensor_hw(frame.width_px, frame.height_px)
    tensor = np.empty((3, height, width), np.float32)
    matrix = preprocessor.write_frame(frame, tensor)
    with torch.inference_mode():
        maps = [level.contiguous().numpy() for level in model(torch.from_numpy(tensor)[None])]
    outputs = dict(zip(decoder.output_names, maps, strict=True))
    source_hw, min_score = (frame.height_px, frame.width_px), min(CURVE_MIN_SCORE, decoder.min_score)
    return Found(*decoder.decode(outputs, source_from_input=matrix, source_hw=source_hw, min_score=min_score))


def _keys(recipe: DetectorRecipe, first_step: int) -> Iterator[list[tuple[int, int]]]:
    batch, steps = recipe.schedule.batch, recipe.schedule.steps
    for step in range(first_step, steps):
        stage = next(stage for stage in recipe.stages if step < stage.until * steps or stage is recipe.stages[-1])
        side_px = int(np.random.default_rng([recipe.seed, step]).choice(stage.sides_px))
        yield ranks.share([(side_px, step * batch + number) for number in range(batch)])
