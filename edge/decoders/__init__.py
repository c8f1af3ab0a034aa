# SPDX-License-Identifier: Apache-2.0
"""Decoders: what a manifest says about a network's raw outputs, and the arithmetic that turns them into results.

A decoder is one file: a model of its parameters with a `decode` method, `serves`, the tasks whose networks it reads,
and `require_fit`, which holds a network's input and outputs to what it can read.
`BoxDecoder` finds boxes in a whole picture, `LabelDecoder` names what a crop shows, `PointDecoder` places keypoints in
it, `MaskDecoder` tells which pixels are a hand's; a manifest chooses by `type`.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from edge.decoders.anchor_free_ltrb import AnchorFreeLtrb
from edge.decoders.mask_logits import MaskLogits
from edge.decoders.simcc import Simcc
from edge.decoders.softmax_heads import SoftmaxHeads

BoxDecoder: TypeAlias = AnchorFreeLtrb
LabelDecoder: TypeAlias = SoftmaxHeads
PointDecoder: TypeAlias = Simcc
MaskDecoder: TypeAlias = MaskLogits
Decoder: TypeAlias = Annotated[BoxDecoder | LabelDecoder | PointDecoder | MaskDecoder, Field(discriminator="type")]

__all__ = [
    "AnchorFreeLtrb",
    "BoxDecoder",
    "Decoder",
    "LabelDecoder",
    "MaskDecoder",
    "MaskLogits",
    "PointDecoder",
    "Simcc",
    "SoftmaxHeads",
]
