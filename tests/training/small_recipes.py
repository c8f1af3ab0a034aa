# SPDX-License-Identifier: Apache-2.0
"""Recipes of models that train in a second."""

from __future__ import annotations

from typing import Any

from training.recipe import ClassifierRecipe, DetectorRecipe, HoldingRecipe, KeypointsRecipe, SegmenterRecipe

SCHEDULE = {
    "steps": 4,
    "batch": 2,
    "rate": 0.001,
    "warmup_steps": 2,
    "validate_steps": 4,
    "checkpoint_steps": 2,
    "workers": 0,
}
GESTURES = ("fist", "palm", "no_gesture")


def detector_mapping(**changes: Any) -> dict[str, Any]:
    """Return the keys of a detector's recipe, as YAML gives them; it learns from the set `hands`."""
    recipe: dict[str, Any] = {
        "task": "hand-detector",
        "name": "small-detector",
        "seed": 3,
        "model": {
            "architecture": "hand-detector",
            "widths": [4, 4, 8, 8, 8],
            "depths": [0, 0, 0, 0],
            "neck_width": 8,
        },
        "input": {"fit": "letterbox", "width_px": 64, "height_px": 64, "multiple_px": 32},
        "data": {"validate_every": 3, "sets": [{"path": "hands"}]},
        "stages": [{"until": 0.5, "sides_px": [32]}, {"until": 1.0, "sides_px": [64]}],
        "schedule": SCHEDULE,
    }
    return recipe | changes


def detector_recipe(**changes: Any) -> DetectorRecipe:
    """Return the detector's recipe, validated."""
    return DetectorRecipe.model_validate(detector_mapping(**changes))


def classifier_mapping(**changes: Any) -> dict[str, Any]:
    """Return the keys of a classifier's recipe; it learns from the set `hands`."""
    recipe: dict[str, Any] = {
        "task": "gesture-classifier",
        "name": "small-classifier",
        "seed": 3,
        "model": {
            "architecture": "crop-classifier",
            "head_classes": [3, 2],
            "widths": [4, 4, 8],
            "depths": [0, 0],
            "dropout": 0.3,
        },
        "input": {"fit": "crop", "width_px": 32, "height_px": 32, "crop_margin": 0.15},
        "gestures": list(GESTURES),
        "data": {"validate_every": 3, "sets": [{"path": "hands"}]},
        "schedule": SCHEDULE,
    }
    return recipe | changes


def classifier_recipe(**changes: Any) -> ClassifierRecipe:
    """Return the classifier's recipe, validated."""
    return ClassifierRecipe.model_validate(classifier_mapping(**changes))


def keypoints_mapping(**changes: Any) -> dict[str, Any]:
    """Return the keys of a keypoint model's recipe; it learns from the set `hands`."""
    recipe: dict[str, Any] = {
        "task": "hand-keypoints",
        "name": "small-keypoints",
        "seed": 3,
        "model": {
            "architecture": "simcc-keypoints",
            "side_px": 32,
            "bins_a_px": 2,
            "widths": [4, 4, 8, 8, 8],
            "depths": [0, 0, 0, 0],
            "neck_width": 8,
            "votes": 8,
            "hidden": 16,
        },
        "input": {"fit": "crop", "width_px": 32, "height_px": 32, "crop_margin": 0.25},
        "bins_a_px": 2,
        "data": {"validate_every": 3, "sets": [{"path": "hands"}]},
        "schedule": SCHEDULE,
    }
    return recipe | changes


def keypoints_recipe(**changes: Any) -> KeypointsRecipe:
    """Return the keypoint model's recipe, validated."""
    return KeypointsRecipe.model_validate(keypoints_mapping(**changes))


def segmenter_mapping(**changes: Any) -> dict[str, Any]:
    """Return the keys of a segmenter's recipe; it learns from the set `hands`."""
    recipe: dict[str, Any] = {
        "task": "hand-segmenter",
        "name": "small-segmenter",
        "seed": 3,
        "model": {
            "architecture": "crop-segmenter",
            "widths": [4, 4, 8, 8],
            "depths": [0, 0, 0],
            "neck_width": 8,
            "fine": 4,
        },
        "input": {"fit": "crop", "width_px": 32, "height_px": 32, "crop_margin": 0.25},
        "data": {"validate_every": 3, "sets": [{"path": "hands"}]},
        "schedule": SCHEDULE,
    }
    return recipe | changes


def segmenter_recipe(**changes: Any) -> SegmenterRecipe:
    """Return the segmenter's recipe, validated."""
    return SegmenterRecipe.model_validate(segmenter_mapping(**changes))


def holding_mapping(**changes: Any) -> dict[str, Any]:
    """Return the keys of the recipe of a classifier of what hands hold; it learns from the lists of the set `hold`."""
    recipe: dict[str, Any] = {
        "task": "holding-classifier",
        "name": "small-holding",
        "seed": 3,
        "model": {"architecture": "MobileFace", "classes": 2, "embedding": 16},
        "input": {
            "fit": "crop",
            "width_px": 112,
            "height_px": 112,
            "crop_margin": 0.5,
            "colour": "bgr",
            "std": [127.5, 127.5, 127.5],
        },
        "data": {"validate_every": 4, "sets": [{"path": "hold", "layout": "lists", "hand_share": 0.5}]},
        "schedule": SCHEDULE,
    }
    return recipe | changes


def holding_recipe(**changes: Any) -> HoldingRecipe:
    """Return that recipe, validated."""
    return HoldingRecipe.model_validate(holding_mapping(**changes))
