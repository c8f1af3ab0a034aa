# SPDX-License-Identifier: Apache-2.0
"""Training hand segmenters, of crops and of whole pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat
from edge.preprocess import Preprocessor
from training.augment.placement import Picture
from training.data.loading import batches_of, numbered
from training.data.mask_crops import MaskCrops, OutlinedHand, mask_from_outline, outlined_hands_of
from training.data.mask_pictures import MaskPictures, mask_of, masked_samples
from training.data.pictures import PictureStore
from training.data.sample import FloatArray, HandSample
from training.decoder_from_recipe import mask_decoder_from_recipe
from training.losses.masks import mask_loss
from training.metrics import class_mean_iou, mask_figures, mask_iou
from training.metrics.masks import Mask
from training.provenance import provenance_of
from training.recipe import SegmenterRecipe
from training.tasks.picture_training import PictureTraining


class SegmenterTraining(PictureTraining[SegmenterRecipe]):
    """The segmenter's side of the training loop; see `training.loop.TrainingTask`.

    Raises as `PictureTraining`.
    """

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield batches of random crops or pictures, and masks. Raises `SourceError` when no hand has an outline."""
        recipe, schedule = self._recipe, self._recipe.schedule
        hands = outlined_hands_of(self._training)
        if not hands:
            raise SourceError("no training hand has a mask; name sets with a segmentation or masks in data.sets")
        items: Dataset[tuple[Tensor, Tensor]]
        if recipe.takes_crops:
            items = MaskCrops(hands, self._pictures, recipe)
        else:
            items = MaskPictures(masked_samples(self._training), self._pictures, recipe)
        yield from batches_of(items, numbered(schedule, first_step), schedule)

    def loss(self, outputs: Sequence[Tensor], targets: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        """Return the cross entropy of a pixel and the weighted Dice loss of a mask."""
        parts = mask_loss(outputs[0], targets)
        total = parts.pixel + self._recipe.dice_weight * parts.dice
        figures = {"loss": total, "pixel": parts.pixel, "dice": parts.dice}
        return total, {name: float(value.detach()) for name, value in figures.items()}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return the figures on the validation groups, preprocessed and decoded as on the device."""
        return figures_of(judged_masks(model, self._validation, self._pictures, self._recipe))

    def provenance(self) -> Mapping[str, Any]:
        """Return the recipe, the data sets and their licences."""
        return provenance_of(self._recipe, self._training, teachers=[])


@dataclass(frozen=True, slots=True)
class JudgedMask:
    """How far a mask agrees with the annotated one, at the box (4,) it is of; `classes`: with the background too."""

    path: Path
    box_xyxy: FloatArray
    iou: float
    classes: float | None = None
    outline: FloatArray | None = None


def judged_masks(
    model: nn.Module, samples: Sequence[HandSample], pictures: PictureStore, recipe: SegmenterRecipe
) -> list[JudgedMask]:
    """Return what the model's masks of all hands with a known mask, or of all pictures with known ones, are worth."""
    if recipe.takes_crops:
        return [_judged_crop(model, hand, pictures, recipe) for hand in outlined_hands_of(samples)]
    return [_judged_picture(model, sample, pictures, recipe) for sample in masked_samples(samples)]


def figures_of(judged: Sequence[JudgedMask]) -> dict[str, float]:
    """Return the figures of hands or pictures; of whole pictures also the mean of hand and background."""
    figures = mask_figures([one.iou for one in judged])
    classes = [one.classes for one in judged if one.classes is not None]
    return figures | ({"class_mean_iou": float(np.mean(classes))} if classes else {})


def _judged_crop(model: nn.Module, hand: OutlinedHand, pictures: PictureStore, recipe: SegmenterRecipe) -> JudgedMask:
    picture = pictures[hand.path]
    found = segment(model, picture, recipe, hand.box_xyxy)
    size = {"width_px": picture.shape[1], "height_px": picture.shape[0]}
    wanted = mask_from_outline(hand.outline, np.eye(2, 3), **size).astype(np.bool_)
    return JudgedMask(hand.path, hand.box_xyxy, mask_iou(found, wanted), outline=hand.outline)


def _judged_picture(
    model: nn.Module, sample: HandSample, pictures: PictureStore, recipe: SegmenterRecipe
) -> JudgedMask:
    found = segment(model, pictures[sample.path], recipe)
    whole = np.array([0, 0, sample.width_px, sample.height_px], np.float32)
    wanted = mask_of(sample, np.eye(2, 3), width_px=found.shape[1], height_px=found.shape[0]).astype(np.bool_)
    return JudgedMask(sample.path, whole, mask_iou(found, wanted), class_mean_iou(found, wanted))


def segment(
    model: nn.Module,
    picture: Picture,
    recipe: SegmenterRecipe,
    box_xyxy: FloatArray | None = None,
) -> Mask:
    """Return the mask (H, W) bool that a PyTorch model tells of a picture, or of the hand at a box (4,) in it.

    The picture, BGR (H, W, 3), is preprocessed, and what the model says decoded, as on the device.
    """
    height_px, width_px = picture.shape[:2]
    contract = recipe.input.contract()
    tensor = np.empty((1, contract.channels, contract.height_px, contract.width_px), np.float32)
    frame = Frame(picture, PixelFormat.BGR, time_ns=0, index=0, source="training")
    preprocessor = Preprocessor(contract)
    if box_xyxy is None:
        matrices = preprocessor.write_frame(frame, tensor)[None]
    else:
        matrices = preprocessor.write_crops(frame, box_xyxy[None], tensor)
    decoder = mask_decoder_from_recipe(recipe)
    with torch.inference_mode():
        (logits,) = model(torch.from_numpy(tensor))
    outputs = {decoder.mask: logits.numpy()}
    masks = decoder.decode(outputs, picture_from_input=matrices, input_hw=(contract.height_px, contract.width_px))
    return masks.at(0).pixels(width_px, height_px)
