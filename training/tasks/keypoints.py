# SPDX-License-Identifier: Apache-2.0
"""Training keypoint models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat
from edge.preprocess import Preprocessor
from training import ranks
from training.data.catalogue import samples_of
from training.data.keypoint_crops import KeypointCrops, PlacedHand, collate_keypoints, placed_hands_of
from training.data.pictures import PictureStore
from training.data.sample import FloatArray
from training.data.workers import ignore_termination, keep_opencv_single_threaded
from training.decoder_from_recipe import point_decoder_from_recipe
from training.losses.keypoints import keypoint_loss
from training.metrics import keypoint_figures
from training.models import build
from training.provenance import provenance_of
from training.recipe import KeypointsRecipe


class KeypointTraining:
    """The keypoint model's side of the training loop; see `training.loop.TrainingTask`.

    Raises `SourceError` when a set or a picture cannot be read, `UsageError` when the recipe's model cannot be built.
    """

    def __init__(self, recipe: KeypointsRecipe, data_root: Path) -> None:
        keep_opencv_single_threaded()
        torch.manual_seed(recipe.seed)
        self._recipe = recipe
        self.model = build(recipe.model)
        samples = samples_of(recipe.data, data_root, seed=recipe.seed)
        self._samples = [sample for sample in samples if sample.split == "train"]
        self._training = placed_hands_of(self._samples)
        self._validation = placed_hands_of([sample for sample in samples if sample.split == "validation"])
        self._pictures = PictureStore({hand.path for hand in (*self._training, *self._validation)})

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches of random crops and their keypoints. Raises `SourceError` when no hand has keypoints."""
        recipe = self._recipe
        if not self._training:
            raise SourceError("no training hand has keypoints; name sets with keypoints in data.sets")
        batch, steps = recipe.schedule.batch, range(first_step, recipe.schedule.steps)
        loader: DataLoader[Any] = DataLoader(
            KeypointCrops(self._training, self._pictures, recipe),
            batch_sampler=(ranks.share(range(step * batch, (step + 1) * batch)) for step in steps),
            num_workers=recipe.schedule.workers,
            collate_fn=collate_keypoints,
            prefetch_factor=4 if recipe.schedule.workers else None,
            worker_init_fn=ignore_termination,
        )
        yield from loader

    def loss(self, outputs: Sequence[Tensor], targets: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        """Return the cross entropy of an axis, the mean over all known keypoints of the batch."""
        x, y = outputs
        recipe = self._recipe
        loss = keypoint_loss((x, y), targets, side_px=recipe.input.width_px, sigma_px=recipe.sigma_px)
        return loss, {"loss": float(loss.detach())}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return the figures on the hands of the validation groups, preprocessed and decoded as on the device."""
        found = [locate(model, self._pictures, hand, self._recipe) for hand in self._validation]
        return figures_of(self._validation, found, self._recipe)

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets and their licences."""
        return provenance_of(self._recipe, self._samples, teachers=[])


def locate(model: nn.Module, pictures: PictureStore, hand: PlacedHand, recipe: KeypointsRecipe) -> FloatArray:
    """Return the keypoints (21, 3) that a PyTorch model places in a picture, preprocessed and decoded as on the device.

    They are x and y in pixels of the picture and a score.
    """
    side_px = recipe.input.width_px
    crop = np.empty((1, recipe.input.contract().channels, side_px, side_px), np.float32)
    frame = Frame(pictures[hand.path], PixelFormat.BGR, time_ns=0, index=0, source="training")
    matrices = Preprocessor(recipe.input.contract()).write_crops(frame, hand.box_xyxy[None], crop)
    decoder = point_decoder_from_recipe(recipe)
    with torch.inference_mode():
        logits = [axis.numpy() for axis in model(torch.from_numpy(crop))]
    outputs = dict(zip(decoder.output_names, logits, strict=True))
    return np.asarray(decoder.decode(outputs, picture_from_crop=matrices, side_px=side_px)[0])


def figures_of(hands: Sequence[PlacedHand], found: Sequence[FloatArray], recipe: KeypointsRecipe) -> dict[str, float]:
    """Return the figures of found keypoints (21, 3), one for each hand; none for no hand."""
    if not hands:
        return {}
    reach = recipe.reach * (1 + 2 * recipe.input.crop_margin)
    wanted = np.stack([hand.keypoints for hand in hands])
    sides_px = np.array([hand.side_px for hand in hands], np.float32)
    return keypoint_figures(np.stack(found), wanted, sides_px, reach=reach)
