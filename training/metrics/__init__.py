# SPDX-License-Identifier: Apache-2.0
"""Metrics, one file a kind of answer."""

from __future__ import annotations

from training.metrics.classification import confusion, macro_f1
from training.metrics.detection import (
    MATCH_IOU,
    Found,
    Judged,
    Wanted,
    average_precision,
    detection_figures,
    judged,
    recall_precision,
)
from training.metrics.keypoints import PCK_SHARES, keypoint_figures
from training.metrics.masks import POOR_IOU, class_mean_iou, mask_figures, mask_iou

# What a model is judged by first; each model has one of them.
HEADLINES = ("ap50", "gesture_macro_f1", "holding_accuracy", "pck@0.1", "pose_accuracy", "mean_iou")

__all__ = [
    "HEADLINES",
    "MATCH_IOU",
    "PCK_SHARES",
    "POOR_IOU",
    "Found",
    "Judged",
    "Wanted",
    "average_precision",
    "class_mean_iou",
    "confusion",
    "detection_figures",
    "judged",
    "keypoint_figures",
    "macro_f1",
    "mask_figures",
    "mask_iou",
    "recall_precision",
]
