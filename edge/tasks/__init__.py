# SPDX-License-Identifier: Apache-2.0
"""Tasks: one file per thing a model can do for a frame, and `load` to open any of them by name."""

from __future__ import annotations

from edge.tasks.classifier import HandClassifier
from edge.tasks.detector import HandDetector
from edge.tasks.keypoints import HandKeypoints
from edge.tasks.loading import load
from edge.tasks.picture_segmenter import PictureSegmenter
from edge.tasks.pose import HandPose
from edge.tasks.segmenter import HandSegmenter
from edge.tasks.task import Task

__all__ = [
    "HandClassifier",
    "HandDetector",
    "HandKeypoints",
    "HandPose",
    "HandSegmenter",
    "PictureSegmenter",
    "Task",
    "load",
]
