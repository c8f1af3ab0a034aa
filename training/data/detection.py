# SPDX-License-Identifier: Apache-2.0
"""Training scenes for the detector: annotated pictures placed, tiled, pasted, relit and degraded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from edge.errors import SourceError
from edge.frame import Frame, PixelFormat
from edge.preprocess import InputContract, Preprocessor
from training.augment.cutout import CutOut, cut_out, pasted
from training.augment.light import degraded, occluded, relit
from training.augment.placement import Picture, TrainingScene, clipped, draw, filling, moved_boxes, placement
from training.data.draw import Draw
from training.data.pictures import PictureStore
from training.data.sample import HandSample
from training.losses.detection import DetectionTargets
from training.recipe import RENDERED, DetectionAugment


@dataclass(frozen=True, slots=True)
class DetectionPools:
    """What scenes are made of: pictures with hands, pictures without, and hands cut out of their pictures."""

    with_hands: Sequence[HandSample]
    without_hands: Sequence[HandSample]
    cut_outs: Sequence[CutOut]
    weights: np.ndarray[tuple[int], np.dtype[np.float64]]


def pools_from_samples(
    samples: Sequence[HandSample], pictures: PictureStore, dataset_weight: dict[str, float]
) -> DetectionPools:
    """Sort samples into pools; a picture's chance follows its set's weight (1 where none is given).

    Raises `SourceError` when no picture shows a hand.
    """
    with_hands = [sample for sample in samples if len(sample.boxes_xyxy)]
    if not with_hands:
        raise SourceError("no training picture shows a hand; name sets with annotated training pictures in data.sets")
    weights = np.array([dataset_weight.get(sample.dataset, 1.0) for sample in with_hands])
    cut_outs = [
        hand
        for sample in with_hands
        if sample.dataset != RENDERED
        for index in range(len(sample.boxes_xyxy))
        if (hand := cut_out(sample, index, pictures[sample.path])) is not None
    ]
    without = [sample for sample in samples if not len(sample.boxes_xyxy)]
    return DetectionPools(with_hands, without, cut_outs, weights / weights.sum())


class DetectionScenes(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Endless random scenes; key (side, number) gives the scene that the seed and `number` make, at that side.

    An item is the network's input (3, S, S) float32, the boxes (N, 4) in its pixels and the ignored flags (N,).
    """

    def __init__(
        self,
        pools: DetectionPools,
        pictures: PictureStore,
        contract: InputContract,
        augment: DetectionAugment,
        *,
        seed: int,
    ) -> None:
        self._pools, self._pictures, self._augment = pools, pictures, augment
        self._contract, self._seed = contract, seed
        self._draw = Draw(pools.weights)

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the scene of `key` as tensors."""
        side_px, number = key
        rng = np.random.default_rng([self._seed, number])
        canvas_px = int(side_px * rng.choice(self._augment.canvas_scales))
        scene = self.compose(rng, canvas_px)
        tensor = np.empty((3, side_px, side_px), np.float32)
        frame = Frame(scene.picture, PixelFormat.BGR, time_ns=0, index=0, source="training")
        contract = replace(self._contract, width_px=side_px, height_px=side_px, multiple_px=None)
        Preprocessor(contract).write_frame(frame, tensor)
        scale = side_px / canvas_px
        return torch.from_numpy(tensor), torch.from_numpy(scene.boxes_xyxy * scale), torch.from_numpy(scene.ignored)

    def compose(self, rng: np.random.Generator, side_px: int) -> TrainingScene:
        """Return one random scene of `side_px` squared."""
        augment = self._augment
        kind = rng.random()
        if kind < augment.mosaic:
            scene = self._mosaic(rng, side_px)
        elif kind < augment.mosaic + augment.negative and self._pools.without_hands:
            scene = self._without_hands(rng, side_px)
        else:
            scene = self._single(rng, side_px, side_px)
        if self._pools.cut_outs and rng.random() < augment.paste:
            for _ in range(int(rng.integers(1, 4))):
                hand = self._pools.cut_outs[int(rng.integers(len(self._pools.cut_outs)))]
                span = side_px * np.exp(rng.uniform(*np.log(augment.paste_spans)))
                scene = pasted(rng, scene, hand, span_px=float(span))
        return self._finished(rng, scene)

    def _finished(self, rng: np.random.Generator, scene: TrainingScene) -> TrainingScene:
        picture = scene.picture
        if rng.random() < self._augment.occlude:
            picture = occluded(rng, picture)
        picture = degraded(rng, relit(rng, picture))
        return TrainingScene(picture, scene.boxes_xyxy, scene.ignored)

    def _mosaic(self, rng: np.random.Generator, side_px: int) -> TrainingScene:
        x, y = (int(side_px * rng.uniform(0.3, 0.7)) for _ in range(2))
        canvas = np.empty((side_px, side_px, 3), np.uint8)
        boxes, ignored = [], []
        corners = ((0, 0, x, y), (x, 0, side_px, y), (0, y, x, side_px), (x, y, side_px, side_px))
        for left, top, right, bottom in corners:
            tile = self._single(rng, right - left, bottom - top)
            canvas[top:bottom, left:right] = tile.picture
            boxes.append(tile.boxes_xyxy + np.array([left, top, left, top], np.float32))
            ignored.append(tile.ignored)
        return TrainingScene(canvas, np.concatenate(boxes), np.concatenate(ignored))

    def _without_hands(self, rng: np.random.Generator, side_px: int) -> TrainingScene:
        sample = self._pools.without_hands[int(rng.integers(len(self._pools.without_hands)))]
        return self._placed(rng, sample, side_px, side_px)

    def _single(self, rng: np.random.Generator, width_px: int, height_px: int) -> TrainingScene:
        return self._placed(rng, self._pools.with_hands[self._draw(rng)], width_px, height_px)

    def _placed(self, rng: np.random.Generator, sample: HandSample, width_px: int, height_px: int) -> TrainingScene:
        canvas = self._backdrop(rng, width_px, height_px)
        matrix = self._random_placement(rng, sample, width_px, height_px)
        draw(canvas, self._pictures[sample.path], matrix)
        boxes, ignored = clipped(moved_boxes(sample, matrix), sample.ignored, width_px, height_px)
        return TrainingScene(canvas, boxes, ignored)

    def _random_placement(
        self, rng: np.random.Generator, sample: HandSample, width_px: int, height_px: int
    ) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        augment = self._augment
        fit = min(width_px / sample.width_px, height_px / sample.height_px)
        scale = fit * float(np.exp(rng.uniform(np.log(0.7), np.log(2.0))))
        source = np.array([sample.width_px, sample.height_px]) * rng.uniform(0.35, 0.65, 2)
        target = np.array([width_px, height_px]) * rng.uniform(0.4, 0.6, 2)
        hands = np.flatnonzero(~sample.ignored)
        if len(hands) and rng.random() < augment.rescale:
            box = sample.boxes_xyxy[hands[int(rng.integers(len(hands)))]]
            largest_px = augment.largest_span * min(width_px, height_px)
            wanted_px = np.exp(rng.uniform(*np.log([augment.smallest_px, max(augment.smallest_px, largest_px)])))
            scale = wanted_px / float(max(box[2] - box[0], box[3] - box[1], 1.0))
            scale = float(np.clip(scale, 0.5 * fit, augment.largest_enlargement * fit))
            source = (box[:2] + box[2:]) / 2
            target = np.array([width_px, height_px]) * rng.uniform(0.1, 0.9, 2)
        stretch = float(np.exp(rng.normal(0, 0.1)))
        turned = rng.random() < augment.any_rotation and np.isfinite(sample.keypoints).all()
        angle = rng.uniform(-np.pi, np.pi) if turned else rng.normal(0, augment.rotation_rad)
        matrix = placement(
            scale_xy=(scale * stretch, scale / stretch),
            angle_rad=float(angle),
            mirrored=bool(rng.random() < 0.5),
            source=source,
            target=target,
        )
        return filling(matrix, sample, width_px, height_px)

    def _backdrop(self, rng: np.random.Generator, width_px: int, height_px: int) -> Picture:
        """What shows beside the picture: the contract's padding, a plain colour, or a picture without hands."""
        kind = rng.random()
        canvas = np.empty((height_px, width_px, 3), np.uint8)
        canvas[:] = self._augment.pad_value if kind < 0.4 else rng.integers(0, 256, 3)
        if kind > 0.55 and self._pools.without_hands:
            sample = self._pools.without_hands[int(rng.integers(len(self._pools.without_hands)))]
            scale = max(width_px / sample.width_px, height_px / sample.height_px) * rng.uniform(1.0, 2.0)
            middle = np.array([sample.width_px, sample.height_px]) / 2
            half = np.array([width_px, height_px]) / 2
            mirrored = bool(rng.random() < 0.5)
            matrix = placement(scale_xy=(scale, scale), angle_rad=0.0, mirrored=mirrored, source=middle, target=half)
            draw(canvas, self._pictures[sample.path], matrix)
        return canvas


def collate(items: Sequence[tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, DetectionTargets]:
    """Stack scenes; boxes are padded to the largest number of hands, `valid` says which are real."""
    most = max(1, *(len(boxes) for _, boxes, _ in items))
    boxes = torch.zeros(len(items), most, 4)
    valid = torch.zeros(len(items), most, dtype=torch.bool)
    ignored = torch.zeros_like(valid)
    for number, (_, own, flags) in enumerate(items):
        boxes[number, : len(own)], valid[number, : len(own)], ignored[number, : len(own)] = own, True, flags
    return torch.stack([picture for picture, _, _ in items]), DetectionTargets(boxes, valid, ignored & valid)
