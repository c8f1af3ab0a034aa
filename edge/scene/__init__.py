# SPDX-License-Identifier: Apache-2.0
"""Rendered hands with exact truth: a scene in time for demonstrations and tests, still pictures for training."""

from edge.scene.gestures import GESTURE_NAMES
from edge.scene.sample import render_hand_sample
from edge.scene.scene import Scene
from edge.scene.truth import SceneFrame, SceneTruth

__all__ = ["GESTURE_NAMES", "Scene", "SceneFrame", "SceneTruth", "render_hand_sample"]
