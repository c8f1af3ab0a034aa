# SPDX-License-Identifier: Apache-2.0
"""Heads from embeddings to classes, which ask more of a training picture's own class: by a margin.

What a trained classifier answers knows no margin: the inner products or scaled cosines alone, whose softmax are the
probabilities of the classes. Names and constants are those of wujiyang/Face_Pytorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, normalize


class SoftmaxHead(nn.Module):
    """Inner products of embeddings (N, E) and one weight a class, without a margin."""

    def __init__(self, embedding: int, classes: int, *, scale: float) -> None:
        super().__init__()
        self._scale = scale
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(classes, embedding)))

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return the logits (N, classes) of a trained classifier."""
        return linear(embeddings, self.weight)

    def with_margin(self, embeddings: Tensor, classes: Tensor) -> Tensor:
        """Return the logits (N, classes) to train on, harder for the true `classes` (N,)."""
        del classes
        logits: Tensor = self(embeddings)
        return logits


class AngularMarginHead(SoftmaxHead):
    """Scaled cosines; the true class must be near enough for cos(angle + `angular`) - `additive`.

    Sources: Deng et al., "ArcFace", 2019, also for the angles beyond which the angular margin turns into an additive
    one, lest the cosine rise again; Wang et al., "CosFace", 2018.
    """

    def __init__(self, embedding: int, classes: int, *, scale: float, angular: float, additive: float) -> None:
        super().__init__(embedding, classes, scale=scale)
        self._angular, self._additive = angular, additive

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return the logits (N, classes) of a trained classifier."""
        return self._scale * _cosines(embeddings, self.weight)

    def with_margin(self, embeddings: Tensor, classes: Tensor) -> Tensor:
        """Return the logits (N, classes) to train on, harder for the true `classes` (N,)."""
        cosines = _cosines(embeddings, self.weight)
        own = cosines.gather(1, classes[:, None])
        # The slope of the root is infinite at 0.
        sines = (1 - own**2).clamp_min(1e-12).sqrt()
        turned = own * math.cos(self._angular) - sines * math.sin(self._angular)
        near = own > math.cos(math.pi - self._angular)
        harder = torch.where(near, turned, own - math.sin(math.pi - self._angular) * self._angular)
        logits: Tensor = self._scale * cosines.scatter(1, classes[:, None], harder - self._additive)
        return logits


class SphereFaceHead(SoftmaxHead):
    """Cosines times the embedding's length; the true class must be near enough for the fourfold angle.

    The fourfold angle gains weight in the course of the updates, which are counted in the checkpoint.
    Source: Liu et al., "SphereFace", 2017.
    """

    updates: Tensor
    _base, _gamma, _power, _least = 1000.0, 0.0001, 2, 5.0

    def __init__(self, embedding: int, classes: int, *, scale: float) -> None:
        super().__init__(embedding, classes, scale=scale)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return the logits (N, classes) of a trained classifier."""
        logits: Tensor = embeddings.norm(dim=1, keepdim=True) * _cosines(embeddings, self.weight)
        return logits

    def with_margin(self, embeddings: Tensor, classes: Tensor) -> Tensor:
        """Return the logits (N, classes) to train on, harder for the true `classes` (N,)."""
        self.updates += 1
        easy = max(self._least, self._base * (1 + self._gamma * int(self.updates)) ** -self._power)
        cosines = _cosines(embeddings, self.weight).clamp(-1, 1)
        own = cosines.gather(1, classes[:, None])
        # The cosine of the fourfold angle, continued so that it falls from 0 to pi.
        turns = (4 * own.detach().acos() / math.pi).floor()
        fourfold = torch.where(turns % 2 == 0, 1.0, -1.0) * (8 * own**4 - 8 * own**2 + 1) - 2 * turns
        harder = (easy * own + fourfold) / (1 + easy)
        logits: Tensor = embeddings.norm(dim=1, keepdim=True) * cosines.scatter(1, classes[:, None], harder)
        return logits


def _cosines(embeddings: Tensor, weight: Tensor) -> Tensor:
    return linear(normalize(embeddings), normalize(weight))


HEADS: dict[str, Callable[..., SoftmaxHead]] = {
    "softmax": SoftmaxHead,
    "arcface": partial(AngularMarginHead, angular=0.5, additive=0.0),
    "cosface": partial(AngularMarginHead, angular=0.0, additive=0.4),
    "multimargin": partial(AngularMarginHead, angular=0.2, additive=0.35),
    "sphereface": SphereFaceHead,
}
