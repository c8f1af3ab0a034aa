# SPDX-License-Identifier: Apache-2.0
"""What the recipes of all tasks have in common: input, data and schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from edge.bundle.tensors import Margin, Side
from edge.preprocess import InputContract

Fraction = Annotated[float, Field(ge=0, le=1)]
RENDERED = "rendered"
Triple = tuple[float, float, float]


class StrictRecipe(BaseModel):
    """A part of a recipe: no unknown keys, no changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputRecipe(StrictRecipe):
    """The network's input; the fields and what they must fulfil are those of `edge.preprocess.InputContract`.

    A gray input takes the first value of `mean`, `std` and `pad`.
    """

    fit: Literal["letterbox", "stretch", "crop"]
    width_px: Side
    height_px: Side
    multiple_px: Side | None = None
    crop_margin: Margin = 0.0
    colour: Literal["rgb", "bgr", "gray"] = "rgb"
    mean: Triple = (127.5, 127.5, 127.5)
    std: Triple = (64.0, 64.0, 64.0)
    pad: Triple = (114.0, 114.0, 114.0)

    @model_validator(mode="after")
    def _fields_go_together(self) -> InputRecipe:
        self.contract()
        return self

    def contract(self) -> InputContract:
        """Return the contract that training and the device share."""
        channels = 1 if self.colour == "gray" else 3
        per_channel = {"mean": self.mean[:channels], "std": self.std[:channels], "pad": self.pad[:channels]}
        return InputContract(**self.model_dump() | per_channel)


class SetRecipe(StrictRecipe):
    """One data set: `path` is relative to the data root, `weight` multiplies its pictures' chance.

    A picture of the layout "lists" has one hand, which takes `hand_share` of its sides about its middle; in the order
    of their numbers pictures are taken in groups of `group_pictures`, which a split never cuts: copies of one, say.
    The layout "rendered" draws `count` scenes; its `path` is the folder of hand-free pictures to draw them before.
    `pseudo_labels` says that a model, not a person, drew the boxes: accuracy cards pass it on. `united` takes the two
    hands of HaGRID's two-handed gestures for one. `holding` says whether the set's hands hold something where their
    annotations do not; `labelled` adds what `training/labels` says of them.
    """

    path: str
    layout: Literal["coco", "hagrid", "lists", "masks", "no-hands", "rendered"] = "coco"
    licence: str | None = None
    weight: PositiveFloat = 1.0
    gesture_of_label: dict[str, str] = {}
    count: PositiveInt = 1000
    hand_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    group_pictures: PositiveInt = 1
    pseudo_labels: bool = False
    united: bool = False
    holding: bool | None = None
    labelled: bool = False

    @property
    def dataset(self) -> str:
        """Name of the set in samples, weights and reports."""
        return RENDERED if self.layout == RENDERED else self.path.rsplit("/", 1)[-1]


class DataRecipe(StrictRecipe):
    """Where pictures come from. One group in `validate_every` of the training groups is kept aside for validation.

    Pictures whose licence contains one of `excluded_licences` are tested on, never trained on. For cross-validation the
    training groups are dealt into `folds`: number `fold` takes the place of the test pictures, which are left out.
    """

    sets: Annotated[tuple[SetRecipe, ...], Field(min_length=1)]
    validate_every: PositiveInt = 12
    excluded_licences: tuple[str, ...] = ()
    folds: Annotated[int, Field(ge=2)] | None = None
    fold: NonNegativeInt | None = None

    @model_validator(mode="after")
    def _names_differ(self) -> DataRecipe:
        require_different_names([entry.dataset for entry in self.sets])
        return self

    @model_validator(mode="after")
    def _fold_is_one_of_folds(self) -> DataRecipe:
        if (self.folds is None) != (self.fold is None) or (self.fold or 0) >= (self.folds or 1):
            raise ValueError(f"fold must be one of 0 to folds - 1, got fold {self.fold} of folds {self.folds}")
        return self

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each set by name."""
        return {entry.dataset: entry.weight for entry in self.sets}


class ScheduleRecipe(StrictRecipe):
    """Steps, optimiser and averages; the rate warms up linearly and falls along a cosine.

    `device` "auto" is a CUDA GPU where PyTorch sees one. `amp` computes the network, not its loss, in bfloat16.
    """

    steps: PositiveInt
    batch: PositiveInt
    rate: PositiveFloat
    final_rate_fraction: Fraction = 0.02
    weight_decay: float = 0.02
    warmup_steps: NonNegativeInt = 300
    average_decay: Fraction = 0.999
    clip_norm: PositiveFloat = 10.0
    validate_steps: PositiveInt = 1000
    checkpoint_steps: PositiveInt = 200
    workers: NonNegativeInt = 1
    threads: PositiveInt = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"
    amp: bool = False


def require_different_names(names: Sequence[str]) -> None:
    """Raise `ValueError` when two sets have the same name."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"each set needs a name of its own, the last part of its path; twice: {', '.join(twice)}")
