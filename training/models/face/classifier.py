# SPDX-License-Identifier: Apache-2.0
"""`FaceClassifier`: a network from face recognition, put to another use by a head of few classes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from training.models.face.attention import ResidualAttentionNet
from training.models.face.heads import HEADS
from training.models.face.improved_resnet import ImprovedResNet
from training.models.face.mobile import MobileFaceNet
from training.models.face.resnet import FaceResNet50

SIDE_PX = 112
# By the names that SuperAI520/HandHoldingObjectClassification gives them.
FACE_BACKBONES: dict[str, Callable[[int, float], nn.Module]] = {
    "MobileFace": MobileFaceNet,
    "Res50": FaceResNet50,
    "Res50_IR": partial(ImprovedResNet, layers=50, squeeze=False),
    "SERes50_IR": partial(ImprovedResNet, layers=50, squeeze=True),
    "Res100_IR": partial(ImprovedResNet, layers=100, squeeze=False),
    "SERes100_IR": partial(ImprovedResNet, layers=100, squeeze=True),
    "Attention_56": partial(ResidualAttentionNet, modules=(1, 1, 1), widths=(256, 512, 512, 512)),
    "Attention_92": partial(ResidualAttentionNet, modules=(1, 2, 3), widths=(256, 512, 1024, 2048)),
}


class FaceClassifier(nn.Module):
    """Pictures (N, 3, 112, 112) to one tensor of logits (N, classes); in training to the embeddings (N, E).

    The loss then asks `margin` for the logits, which knows the classes too. Raises `ValueError` for an unknown `head`.
    """

    def __init__(
        self,
        backbone: str,
        *,
        classes: int,
        head: str = "softmax",
        embedding: int = 512,
        dropout: float = 0.4,
        scale: float = 32.0,
    ) -> None:
        super().__init__()
        if head not in HEADS:
            raise ValueError(f"head must be one of {', '.join(HEADS)}, got {head!r}")
        self.net = FACE_BACKBONES[backbone](embedding, dropout)
        self.margin = HEADS[head](embedding, classes, scale=scale)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        """Return the logits, or the embeddings in training."""
        embeddings = self.net(pictures)
        return (embeddings if self.training else self.margin(embeddings),)
