# SPDX-License-Identifier: Apache-2.0
"""Training pictures for segmenters that look at whole ones: placed at random with their masks, relit and degraded."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from edge.frame import Frame, PixelFormat
from edge.geometry import invert
from edge.preprocess import Preprocessor
from training.augment.light import degraded, relit
from training.augment.placement import Affine, corner_to_centre, draw, placement
from training.data.draw import Draw
from training.data.mask_crops import mask_from_outline
from training.data.mask_folders import mask_from_file
from training.data.pictures import PictureStore
from training.data.sample import HandSample
from training.recipe import SegmenterRecipe


def masked_samples(samples: Sequence[HandSample]) -> list[HandSample]:
    """Return the samples whose every pixel is known to be a hand's or not: no hand lacks an outline or is ignored."""
    return [sample for sample in samples if sample.mask is not None or _are_known(sample)]


def _are_known(sample: HandSample) -> bool:
    return not sample.ignored.any() and all(outline is not None for outline in sample.outlines)


def mask_of(sample: HandSample, matrix: Affine, *, width_px: int, height_px: int) -> npt.NDArray[np.uint8]:
    """Return the mask (H, W) uint8, 0 or 1, of all hands of a picture after the map `matrix` (2, 3).

    Raises `SourceError` when the file of a mask cannot be read.
    """
    if sample.mask is not None:
        mask = mask_from_file(sample.mask)
        rows, columns = mask.shape
        whole = matrix @ np.diag([sample.width_px / columns, sample.height_px / rows, 1.0])
        size_px = width_px, height_px
        return np.asarray(cv2.warpAffine(mask, corner_to_centre(whole), size_px, flags=cv2.INTER_NEAREST), np.uint8)
    shown = np.zeros((height_px, width_px), np.uint8)
    for outline in sample.outlines:
        if outline is not None:
            shown |= mask_from_outline(outline, matrix, width_px=width_px, height_px=height_px)
    return shown


class MaskPictures(Dataset[tuple[Tensor, Tensor]]):
    """Endless random pictures: item `i` depends on the seed and `i` alone.

    An item is the network's input (C, H, W) and the mask of all hands there, (H, W) float32, 0 or 1.
    """

    def __init__(self, samples: Sequence[HandSample], pictures: PictureStore, recipe: SegmenterRecipe) -> None:
        self._samples, self._pictures, self._recipe = samples, pictures, recipe
        weights = np.array([recipe.data.weights.get(sample.dataset, 1.0) for sample in samples], np.float64)
        self._draw = Draw(weights / weights.sum())
        self._preprocessor = Preprocessor(recipe.input.contract())

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        """Return the picture and its mask."""
        rng = np.random.default_rng([self._recipe.seed, number])
        sample = self._samples[self._draw(rng)]
        wanted = self._recipe.input
        matrix = self._placement(rng, sample)
        canvas = np.empty((wanted.height_px, wanted.width_px, 3), np.uint8)
        canvas[:] = rng.integers(0, 256, 3) if rng.random() < self._recipe.augment.backdrop else wanted.pad
        draw(canvas, self._pictures[sample.path], matrix)
        frame = Frame(degraded(rng, relit(rng, canvas)), PixelFormat.BGR, time_ns=0, index=0, source="training")
        tensor = np.empty((wanted.contract().channels, wanted.height_px, wanted.width_px), np.float32)
        self._preprocessor.write_frame(frame, tensor)
        mask = mask_of(sample, matrix, width_px=wanted.width_px, height_px=wanted.height_px)
        return torch.from_numpy(tensor), torch.from_numpy(mask.astype(np.float32))

    def _placement(self, rng: np.random.Generator, sample: HandSample) -> Affine:
        """Return a random map from the picture to the input, about that of the device."""
        augment, wanted = self._recipe.augment, self._recipe.input
        turned = rng.random() < augment.any_rotation
        angle = rng.uniform(-np.pi, np.pi) if turned else rng.normal(0, augment.rotation_rad)
        scale = float(np.exp(rng.uniform(-augment.scale, augment.scale)))
        size_px = np.array([wanted.width_px, wanted.height_px], np.float64)
        middle = size_px / 2
        change = placement(
            scale_xy=(scale, scale),
            angle_rad=float(angle),
            mirrored=bool(rng.random() < 0.5),
            source=middle,
            target=middle + rng.uniform(-augment.shift, augment.shift, 2) * size_px,
        )
        fit = self._preprocessor.frame_map(
            sample.width_px, sample.height_px, tensor_hw=(wanted.height_px, wanted.width_px)
        )
        plain = np.vstack([invert(fit), [0, 0, 1]])
        return np.asarray(change @ plain)
