# SPDX-License-Identifier: Apache-2.0
"""Networks of face recognition for pictures of 112 x 112 pixels; one family a file."""

from __future__ import annotations

from training.models.face.classifier import FACE_BACKBONES, FaceClassifier
from training.models.face.heads import HEADS

__all__ = ["FACE_BACKBONES", "HEADS", "FaceClassifier"]
