# SPDX-License-Identifier: Apache-2.0
"""The layers that turn the last map of a face network into an embedding."""

from __future__ import annotations

from torch import nn

LAST_SIDE_PX = 7


def embedding_layers(channels: int, embedding: int, dropout: float) -> nn.Sequential:
    """Return layers from maps (N, `channels`, 7, 7) to normalised embeddings (N, `embedding`).

    Source: Deng et al., "ArcFace", 2019, option E of its output settings.
    """
    return nn.Sequential(
        nn.BatchNorm2d(channels),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(channels * LAST_SIDE_PX**2, embedding),
        nn.BatchNorm1d(embedding),
    )
