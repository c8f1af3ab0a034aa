# SPDX-License-Identifier: Apache-2.0
"""The same pipeline as people write it with PyTorch: eager, float16, one frame after the other."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torchvision.ops import nms, roi_align

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.decoders import BoxDecoder, PointDecoder
from edge.preprocess import Preprocessor
from tests.gpu.torch_graph import TorchGraph

WARM_UP = 10


class EagerPipeline:
    """Detector, keypoints and classifier on `device`; what it finds is close to ours, not equal."""

    def __init__(self, device: torch.device, *, hands: int) -> None:
        self._device, self._hands = device, hands
        names = ("hand-detector", "hand-keypoints", "gesture-classifier")
        self._bundles = [Bundle.open(find_bundle(name)) for name in names]
        half = device.type == "cuda"
        self._graphs = [TorchGraph(bundle.read_model("fp32"), device=device, half=half) for bundle in self._bundles]

    def __call__(self, picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Return boxes, scores, keypoints and gestures of a BGR picture."""
        with torch.inference_mode():
            pixels = torch.from_numpy(picture).to(self._device, non_blocking=True)
            frame = pixels.permute(2, 0, 1)[None].flip(1).float()
            boxes, scores = self._detected(frame)
            boxes, scores = boxes[: self._hands], scores[: self._hands]
            answers = {"boxes": boxes, "scores": scores}
            if len(boxes):
                answers["keypoints"] = self._keypoints(frame, boxes)
                answers["gestures"] = self._through(2, frame, boxes)["gesture"].argmax(1)
            return {name: values.cpu().numpy() for name, values in answers.items()}

    def _detected(self, frame: Tensor) -> tuple[Tensor, Tensor]:
        manifest = self._bundles[0].manifest
        contract, decoder = manifest.picture_input.contract(), manifest.decoder
        assert isinstance(decoder, BoxDecoder)  # noqa: S101 - it is a detector
        height, width = frame.shape[2:]
        tensor_hw = Preprocessor(contract).tensor_hw(width, height)
        scale = max(width / tensor_hw[1], height / tensor_hw[0])
        sides = round(height / scale), round(width / scale)
        small = functional.interpolate(frame, size=sides, mode="bilinear", antialias=True)
        top, left = (tensor_hw[0] - sides[0]) // 2, (tensor_hw[1] - sides[1]) // 2
        padding = (left, tensor_hw[1] - sides[1] - left, top, tensor_hw[0] - sides[0] - top)
        tensor = (functional.pad(small, padding, value=contract.pad[0]) - contract.mean[0]) / contract.std[0]
        outputs = self._graphs[0]({manifest.input.name: tensor})
        found = [_boxes(outputs[level.output][0], level.stride_px) for level in decoder.levels]
        boxes, scores = torch.cat([one[0] for one in found]), torch.cat([one[1] for one in found])
        sure = scores >= decoder.min_score
        boxes, scores = boxes[sure], scores[sure]
        kept = nms(boxes, scores, decoder.nms_iou)[: decoder.max_hands]
        offset = torch.tensor([left, top, left, top], device=self._device)
        return (boxes[kept] - offset) * scale, scores[kept]

    def _keypoints(self, frame: Tensor, boxes: Tensor) -> Tensor:
        decoder = self._bundles[1].manifest.decoder
        assert isinstance(decoder, PointDecoder)  # noqa: S101 - it is a keypoint model
        outputs = self._through(1, frame, boxes)
        places = []
        for name in (decoder.x, decoder.y):
            shares = outputs[name].softmax(-1)
            bins = torch.arange(shares.shape[-1], device=self._device) + 0.5
            places.append((shares * bins).sum(-1))
        return torch.stack(places, -1)

    def _through(self, number: int, frame: Tensor, boxes: Tensor) -> dict[str, Tensor]:
        manifest = self._bundles[number].manifest
        contract = manifest.picture_input.contract()
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        half = (boxes[:, 2:] - boxes[:, :2]).max(1, keepdim=True).values * (1 + 2 * contract.crop_margin) / 2
        squares = torch.cat([centre - half, centre + half], 1)
        crops = roi_align(frame, [squares], contract.width_px, sampling_ratio=2, aligned=True)
        return self._graphs[number]({manifest.input.name: (crops - contract.mean[0]) / contract.std[0]})


def eager_fps(picture: NDArray[np.uint8], *, hands: int, frames: int, device: str = "cuda") -> float:
    """Return frames a second. Raises `RuntimeError` where PyTorch has no such device."""
    pipeline = EagerPipeline(torch.device(device), hands=hands)
    for _ in range(WARM_UP):
        pipeline(picture)
    begin_s = time.perf_counter()
    for _ in range(frames):
        pipeline(picture)
    return frames / (time.perf_counter() - begin_s)


def _boxes(level: Tensor, stride_px: int) -> tuple[Tensor, Tensor]:
    height, width = level.shape[1:]
    y, x = torch.meshgrid(
        torch.arange(height, device=level.device), torch.arange(width, device=level.device), indexing="ij"
    )
    centres: Sequence[Tensor] = ((x + 0.5) * stride_px, (y + 0.5) * stride_px)
    left, top, right, bottom = level[1:].clamp(min=0) * stride_px
    boxes = torch.stack([centres[0] - left, centres[1] - top, centres[0] + right, centres[1] + bottom], -1)
    return boxes.reshape(-1, 4), level[0].sigmoid().reshape(-1)
