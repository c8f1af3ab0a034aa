# SPDX-License-Identifier: Apache-2.0
"""Recipes: what to train, on which pictures and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from edge.bundle.tensors import Margin, Side
from edge.decoders.softmax_heads import HANDEDNESS, PRESENCE, Role
from edge.preprocess import InputContract

Fraction = Annotated[float, Field(ge=0, le=1)]
Triple = tuple[float, float, float]
StageSide = Annotated[int, Field(gt=0, multiple_of=32)]


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

    The layout "rendered" draws `count` scenes; its `path` is the folder of hand-free pictures to draw them before.
    `pseudo_labels` says that a model, not a person, drew the boxes: accuracy cards pass it on.
    """

    path: str
    layout: Literal["coco", "hagrid", "no-hands", "rendered"] = "coco"
    licence: str | None = None
    weight: PositiveFloat = 1.0
    gesture_of_label: dict[str, str] = {}
    count: PositiveInt = 1000
    pseudo_labels: bool = False

    @property
    def dataset(self) -> str:
        """Name of the set in samples, weights and reports."""
        return "rendered" if self.layout == "rendered" else self.path.rsplit("/", 1)[-1]


class DataRecipe(StrictRecipe):
    """Where pictures come from. One group in `validate_every` of the training groups is kept aside for validation.

    Pictures whose licence contains one of `excluded_licences` are tested on, never trained on.
    """

    sets: Annotated[tuple[SetRecipe, ...], Field(min_length=1)]
    validate_every: PositiveInt = 12
    excluded_licences: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> DataRecipe:
        names = [entry.dataset for entry in self.sets]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each set needs a name of its own, the last part of its path; twice: {', '.join(twice)}")
        return self

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each set by name."""
        return {entry.dataset: entry.weight for entry in self.sets}


class SideStage(StrictRecipe):
    """Input sides in pixels, one drawn a batch, used `until` this fraction of the training."""

    until: Fraction
    sides_px: Annotated[tuple[StageSide, ...], Field(min_length=1)]


class ScheduleRecipe(StrictRecipe):
    """Steps, optimiser and averages; the rate warms up linearly and falls along a cosine."""

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


class DetectionAugment(StrictRecipe):
    """Chances and ranges of the detector's scenes; spans are fractions of the scene's shorter side.

    `rescale` is the chance that a hand is given a size, from `smallest_px` (the scene's pixels, so that small scenes
    do not waste hands too small to see) to `largest_span`.
    """

    mosaic: Fraction = 0.15
    negative: Fraction = 0.12
    paste: Fraction = 0.2
    paste_spans: tuple[Fraction, Fraction] = (0.1, 0.5)
    occlude: Fraction = 0.1
    rescale: Fraction = 0.65
    smallest_px: PositiveFloat = 13.0
    largest_span: Fraction = 0.85
    largest_enlargement: PositiveFloat = 3.0
    rotation_rad: float = 0.2
    any_rotation: Fraction = 0.1
    canvas_scales: tuple[PositiveFloat, ...] = (1.0, 1.0, 1.0, 1.5)
    pad_value: int = 114


class CropAugment(StrictRecipe):
    """Chances and ranges of the classifier's crops; shifts and scales are fractions of the crop's side."""

    shift: Fraction = 0.12
    scale: Fraction = 0.25
    rotation_rad: float = 0.3
    occlude: Fraction = 0.1
    backdrop: Fraction = 0.3


class DecodingRecipe(StrictRecipe):
    """How boxes become hands: from which score, apart by which overlap, and how many at most; fields of the decoder.

    Recall and precision are measured at `min_score`.
    """

    min_score: Fraction = 0.5
    nms_iou: Annotated[float, Field(gt=0, le=1)] = 0.5
    max_hands: Annotated[int, Field(ge=1, le=1000)] = 32


class DetectorRecipe(StrictRecipe):
    """A hand detector."""

    task: Literal["hand-detector"]
    name: str
    seed: int
    model: dict[str, Any]
    input: InputRecipe
    data: DataRecipe
    stages: Annotated[tuple[SideStage, ...], Field(min_length=1)]
    schedule: ScheduleRecipe
    augment: DetectionAugment = DetectionAugment()
    decoding: DecodingRecipe = DecodingRecipe()


class OthersRecipe(StrictRecipe):
    """What looks like a hand and is none: places where the `detector`, a checkpoint, is wrong in training pictures.

    They make up `share` of the crops. A relative path begins at the checkout. Below `min_presence` a hand is dropped.
    """

    detector: str
    min_score: Fraction = 0.2
    share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    min_presence: Fraction = 0.5


class ClassifierRecipe(StrictRecipe):
    """A classifier of hand crops: gesture and handedness, and whether it is a hand at all where `others` are given.

    A labelled hand's target takes `teacher_share` from the teacher; an unlabelled hand counts `teacher_weight`. The
    loss is the gesture's plus `handedness_weight` times the handedness's and `presence_weight` times the presence's.
    """

    task: Literal["gesture-classifier"]
    name: str
    seed: int
    model: dict[str, Any]
    input: InputRecipe
    data: DataRecipe
    schedule: ScheduleRecipe
    gestures: tuple[str, ...]
    untrained_gestures: tuple[str, ...] = ()
    handedness_weight: float = 0.3
    teacher_weight: float = 0.5
    teacher_share: Fraction = 0.15
    label_smoothing: Fraction = 0.05
    others: OthersRecipe | None = None
    presence_weight: PositiveFloat = 0.5
    augment: CropAugment = CropAugment()

    @property
    def heads(self) -> dict[Role, tuple[str, ...]]:
        """Classes of each of the model's heads, in its order."""
        heads: dict[Role, tuple[str, ...]] = {"gesture": self.gestures, "handedness": HANDEDNESS}
        return heads if self.others is None else heads | {"presence": PRESENCE}

    @model_validator(mode="after")
    def _untrained_are_gestures(self) -> ClassifierRecipe:
        unknown = sorted(set(self.untrained_gestures) - set(self.gestures))
        if unknown:
            raise ValueError(f"untrained_gestures must be among gestures, these are not: {', '.join(unknown)}")
        heads = list(self.model.get("head_classes", ()))
        classes = [len(names) for names in self.heads.values()]
        if heads != classes:
            raise ValueError(f"model.head_classes must be {classes}, for {', '.join(self.heads)}, got {heads}")
        return self


Recipe = Annotated[DetectorRecipe | ClassifierRecipe, Field(discriminator="task")]
