# SPDX-License-Identifier: Apache-2.0
"""Training hand segmenters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat
from edge.masks import Mask
from edge.preprocess import Preprocessor
from training.data.loading import batches_of, numbered
from training.data.mask_crops import MaskCrops, OutlinedHand, mask_from_outline, outlined_hands_of
from training.data.pictures import PictureStore
from training.decoder_from_recipe import mask_decoder_from_recipe
from training.losses.masks import mask_loss
from training.metrics import mask_figures, mask_iou
from training.provenance import provenance_of
from training.recipe import SegmenterRecipe
from training.tasks.picture_training import PictureTraining


class SegmenterTraining(PictureTraining[SegmenterRecipe]):
    """The segmenter's side of the training loop; see `training.loop.TrainingTask`.

    Raises as `PictureTraining`.
    """

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches of random crops and masks. Raises `SourceError` when no hand has an outline."""
        hands = outlined_hands_of(self._training)
        if not hands:
            raise SourceError("no training hand has a mask; name sets with a segmentation in data.sets")
        crops = MaskCrops(hands, self._pictures, self._recipe)
        schedule = self._recipe.schedule
        yield from batches_of(crops, numbered(schedule, first_step), schedule)

    def loss(self, outputs: Sequence[Tensor], targets: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        """Return the cross entropy of a pixel and the weighted Dice loss of a mask."""
        parts = mask_loss(outputs[0], targets)
        total = parts.pixel + self._recipe.dice_weight * parts.dice
        figures = {"loss": total, "pixel": parts.pixel, "dice": parts.dice}
        return total, {name: float(value.detach()) for name, value in figures.items()}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return the figures on the hands of the validation groups, preprocessed and decoded as on the device."""
        hands = outlined_hands_of(self._validation)
        return mask_figures([iou_of(model, self._pictures, hand, self._recipe) for hand in hands])

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets and their licences."""
        return provenance_of(self._recipe, self._training, teachers=[])


def segment(model: nn.Module, pictures: PictureStore, hand: OutlinedHand, recipe: SegmenterRecipe) -> Mask:
    """Return what a PyTorch model takes for the hand in its crop, preprocessed and decoded as on the device."""
    side_px = recipe.input.width_px
    crop = np.empty((1, recipe.input.contract().channels, side_px, side_px), np.float32)
    frame = Frame(pictures[hand.path], PixelFormat.BGR, time_ns=0, index=0, source="training")
    matrices = Preprocessor(recipe.input.contract()).write_crops(frame, hand.box_xyxy[None], crop)
    decoder = mask_decoder_from_recipe(recipe)
    with torch.inference_mode():
        (logits,) = model(torch.from_numpy(crop))
    return decoder.decode({decoder.mask: logits.numpy()}, picture_from_crop=matrices, side_px=side_px).at(0)


def iou_of(model: nn.Module, pictures: PictureStore, hand: OutlinedHand, recipe: SegmenterRecipe) -> float:
    """Return how far the model's mask of a hand agrees with the annotated one, in pixels of the picture."""
    height_px, width_px = pictures[hand.path].shape[:2]
    found = segment(model, pictures, hand, recipe).pixels(width_px, height_px)
    wanted = mask_from_outline(hand.outline, np.eye(2, 3), width_px=width_px, height_px=height_px)
    return mask_iou(found, wanted.astype(np.bool_))
