# SPDX-License-Identifier: Apache-2.0
"""Recipes of pose models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from edge.bundle.tensors import KeypointInput
from training.recipe.shared import Fraction, ScheduleRecipe, StrictRecipe, require_different_names


class PoseSetRecipe(StrictRecipe):
    """One set: `path` is a file relative to the data root, or a folder for the layouts "json-lines" and "coco".

    `pose_of_label` gives each of its classes a name; of a COCO set these are the gestures, and others are left out. The
    rows of the other layouts are taken in their order in groups of `group_rows`, which a split never cuts.
    `pseudo_labels` says that a model, not a person, placed the keypoints: accuracy cards pass it on.
    """

    path: str
    layout: Literal["openpose-csv", "mediapipe-csv", "json-lines", "coco"]
    licence: str | None = None
    weight: PositiveFloat = 1.0
    pose_of_label: Annotated[dict[str, str], Field(default_factory=dict)]
    group_rows: PositiveInt = 60
    pseudo_labels: bool = False

    @property
    def dataset(self) -> str:
        """Name of the set in samples, weights and reports."""
        return self.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]


class PoseDataRecipe(StrictRecipe):
    """Where rows come from; of the groups of every pose one in `test_every` is tested on, the one before it validates.

    A COCO set has its own test pictures. What is under a licence that contains one of `excluded_licences` is tested on,
    never trained on.
    """

    sets: Annotated[tuple[PoseSetRecipe, ...], Field(min_length=1)]
    test_every: Annotated[int, Field(ge=3)] = 5
    excluded_licences: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> PoseDataRecipe:
        require_different_names([entry.dataset for entry in self.sets])
        return self

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each set by name."""
        return {entry.dataset: entry.weight for entry in self.sets}


class PoseAugment(StrictRecipe):
    """Chances and ranges of what happens to keypoints: noise is a fraction of the hand's extent."""

    noise: Fraction = 0.02
    rotation_rad: float = 0.2
    stretch: Fraction = 0.1
    mirror: Fraction = 0.5


class PoseRecipe(StrictRecipe):
    """A model that names the pose of a hand by its keypoints.

    `upright` takes the hand's direction away, `one_sided` which hand it is; see `edge.keypoints.normalised`.
    """

    task: Literal["hand-pose"]
    name: str
    seed: int
    model: dict[str, Any]
    upright: bool = False
    one_sided: bool = False
    data: PoseDataRecipe
    schedule: ScheduleRecipe
    poses: Annotated[tuple[str, ...], Field(min_length=2)]
    label_smoothing: Fraction = 0.02
    augment: PoseAugment = PoseAugment()

    @property
    def points(self) -> KeypointInput:
        """The contract of the model's input."""
        return KeypointInput(
            name="keypoints", max_batch=64, fit="keypoints", upright=self.upright, one_sided=self.one_sided
        )

    @model_validator(mode="after")
    def _classes_agree(self) -> PoseRecipe:
        if self.model.get("classes") != len(self.poses):
            raise ValueError(f"model.classes must be {len(self.poses)}, one for each of poses")
        unknown = sorted({name for entry in self.data.sets for name in entry.pose_of_label.values()} - set(self.poses))
        if unknown:
            raise ValueError(f"pose_of_label names what is not among poses: {', '.join(unknown)}")
        return self
