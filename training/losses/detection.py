# SPDX-License-Identifier: Apache-2.0
"""Loss of the anchor-free detector: task-aligned assignment, quality-weighted score loss and GIoU.

Sources: Feng et al., "TOOD", 2021 (assignment); Zhang et al., "VarifocalNet", 2021 (score loss);
Rezatofighi et al., "Generalized Intersection over Union", 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from training import ranks

TOP_CELLS = 10
SCORE_POWER = 0.5
IOU_POWER = 4.0
NEGATIVE_WEIGHT = 0.75
NEGATIVE_SLOPE = 0.05
BOX_WEIGHT = 2.0
SMALLEST = 1e-7


@dataclass(frozen=True, slots=True)
class DetectionTargets:
    """Hands of a batch: `boxes_xyxy` (N, M, 4) in input pixels, `valid` (N, M) and `ignored` (N, M) bool."""

    boxes_xyxy: Tensor
    valid: Tensor
    ignored: Tensor


@dataclass(frozen=True, slots=True)
class DetectionLoss:
    """The two parts of the loss and their weighted sum."""

    total: Tensor
    score: Tensor
    box: Tensor


def detection_loss(maps: Sequence[Tensor], targets: DetectionTargets, strides_px: Sequence[int]) -> DetectionLoss:
    """Compare (N, 5, h, w) maps with the hands; cells inside ignored regions add nothing."""
    logits, boxes, centres, cell_px = cells_of(maps, strides_px)
    with torch.no_grad():
        quality, matched = _assign(logits.detach().sigmoid(), boxes.detach(), centres, cell_px, targets)
        free = ~(_inside(centres, targets.boxes_xyxy) & targets.ignored[..., None]).any(dim=1) | (quality > 0)
        weight = torch.where(quality > 0, quality, NEGATIVE_WEIGHT * logits.sigmoid().square()) * free
        total_quality = ranks.averaged(quality.sum()).clamp(min=1.0)
    score = (binary_cross_entropy_with_logits(logits, quality, reduction="none") * weight).sum() / total_quality
    positive = quality > 0
    chosen = targets.boxes_xyxy.gather(1, matched[..., None].expand(-1, -1, 4))[positive]
    box = ((1 - _giou(boxes[positive], chosen)) * quality[positive]).sum() / total_quality
    return DetectionLoss(total=score + BOX_WEIGHT * box, score=score.detach(), box=box.detach())


def cells_of(maps: Sequence[Tensor], strides_px: Sequence[int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return logits (N, P), boxes (N, P, 4), cell centres (P, 2) and strides (P,), in input pixels."""
    logits, boxes, centres, cell_px = [], [], [], []
    for level, stride in zip(maps, strides_px, strict=True):
        height, width = level.shape[-2:]
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        centre = (torch.stack([columns, rows], dim=-1).reshape(-1, 2).to(level) + 0.5) * stride
        flat = level.flatten(2).transpose(1, 2)
        distance = torch.where(flat[..., 1:] > 0, flat[..., 1:], NEGATIVE_SLOPE * flat[..., 1:]) * stride
        logits.append(flat[..., 0])
        boxes.append(torch.cat([centre - distance[..., :2], centre + distance[..., 2:]], dim=-1))
        centres.append(centre)
        cell_px.append(centre.new_full((len(centre),), float(stride)))
    return torch.cat(logits, 1), torch.cat(boxes, 1), torch.cat(centres), torch.cat(cell_px)


def _inside(centres: Tensor, boxes: Tensor) -> Tensor:
    """(P, 2) in (N, M, 4) -> (N, M, P) bool."""
    after = (centres >= boxes[..., None, :2]).all(-1)
    before = (centres <= boxes[..., None, 2:]).all(-1)
    return after & before


def _assign(
    scores: Tensor, boxes: Tensor, centres: Tensor, cell_px: Tensor, targets: DetectionTargets
) -> tuple[Tensor, Tensor]:
    """Return the target quality (N, P), 0 for background, and the index of each cell's hand (N, P)."""
    wanted = targets.valid & ~targets.ignored
    middle = (targets.boxes_xyxy[..., :2] + targets.boxes_xyxy[..., 2:]) / 2
    # A hand smaller than a cell may contain no centre: the cells around its middle stand in.
    near = (centres - middle[..., None, :]).abs().amax(-1) <= cell_px
    candidate = (_inside(centres, targets.boxes_xyxy) | near) & wanted[..., None]
    overlap = _iou(targets.boxes_xyxy[:, :, None], boxes[:, None]).clamp(min=0) * candidate
    alignment = scores[:, None].pow(SCORE_POWER) * overlap.pow(IOU_POWER) + candidate * SMALLEST
    best = alignment.topk(min(TOP_CELLS, alignment.shape[-1]), dim=-1)
    chosen = torch.zeros_like(candidate).scatter_(-1, best.indices, best.values > 0)
    # A cell wanted by several hands goes to the one it overlaps most.
    owner = torch.where(chosen, overlap + SMALLEST, 0.0)
    matched = owner.argmax(dim=1)
    chosen &= torch.zeros_like(chosen).scatter_(1, matched[:, None], torch.ones_like(chosen))
    alignment = alignment * chosen
    peak = alignment.amax(-1, keepdim=True).clamp(min=SMALLEST)
    reach = (overlap * chosen).amax(-1, keepdim=True)
    return (alignment / peak * reach.clamp(min=0.05) * chosen).amax(1), matched


def _iou(a: Tensor, b: Tensor) -> Tensor:
    sides = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    shared = sides.prod(-1)
    return shared / (_area(a) + _area(b) - shared + SMALLEST)


def _giou(a: Tensor, b: Tensor) -> Tensor:
    hull = _area(torch.cat([torch.minimum(a[..., :2], b[..., :2]), torch.maximum(a[..., 2:], b[..., 2:])], dim=-1))
    sides = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    shared = sides.prod(-1)
    union = _area(a) + _area(b) - shared + SMALLEST
    return shared / union - (hull - union) / (hull + SMALLEST)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)
