# SPDX-License-Identifier: Apache-2.0
"""The contract of the model that a recipe trains; one function per task."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import ValidationError

from edge.bundle.contract import ModelContract
from edge.bundle.tensors import InputTensor, KeypointInput, OutputTensor
from edge.decoders import SoftmaxHeads
from edge.decoders.presence import PRESENCE
from edge.decoders.softmax_heads import Head
from edge.errors import UsageError
from edge.keypoints import KEYPOINTS
from edge.strict_model import first_problem
from training.decoder_from_recipe import decoder_from_recipe, mask_decoder_from_recipe, point_decoder_from_recipe
from training.models.segmenter import CROP_STRIDE_PX
from training.models.torchvision_segmenter import PICTURE_STRIDE_PX
from training.recipe import (
    AnyRecipe,
    ClassifierRecipe,
    DetectorRecipe,
    HoldingRecipe,
    InputRecipe,
    KeypointsRecipe,
    PoseRecipe,
    SegmenterRecipe,
)

DETECTOR_MAX_BATCH = 8
CROPS_MAX_BATCH = 32


def contract_from_recipe(
    recipe: AnyRecipe,
    *,
    name: str | None = None,
    version: str = "1.0.0",
    batch: int | None = None,
) -> ModelContract:
    """Return the contract of a recipe's model, its outputs in the order in which the module returns them.

    `batch` fixes the batch, None leaves it free up to a bound. Raises `UsageError` for a name or value out of range.
    """
    try:
        if isinstance(recipe, DetectorRecipe):
            return _detector(recipe, name=name or recipe.name, version=version, batch=batch)
        if isinstance(recipe, KeypointsRecipe):
            return _keypoints(recipe, name=name or recipe.name, version=version, batch=batch)
        if isinstance(recipe, PoseRecipe):
            return _pose(recipe, name=name or recipe.name, version=version, batch=batch)
        if isinstance(recipe, SegmenterRecipe):
            return _segmenter(recipe, name=name or recipe.name, version=version, batch=batch)
        return _classifier(recipe, name=name or recipe.name, version=version, batch=batch)
    except ValidationError as error:
        raise UsageError(f"cannot export with these settings: {first_problem(error)}") from error


def _detector(recipe: DetectorRecipe, *, name: str, version: str, batch: int | None) -> ModelContract:
    decoder = decoder_from_recipe(recipe)
    outputs = tuple(
        OutputTensor(name=level.output, shape=("batch", 5, f"height/{level.stride_px}", f"width/{level.stride_px}"))
        for level in decoder.levels
    )
    return ModelContract(
        name=name,
        version=version,
        task="detector",
        input=_input("image", recipe.input, batch=batch, max_batch=DETECTOR_MAX_BATCH),
        outputs=outputs,
        decoder=decoder,
    )


def _classifier(
    recipe: ClassifierRecipe | HoldingRecipe, *, name: str, version: str, batch: int | None
) -> ModelContract:
    untrained = {"gesture": recipe.untrained_gestures} if isinstance(recipe, ClassifierRecipe) else {}
    heads = tuple(
        Head(output=role, role=role, labels=labels, untrained=untrained.get(role, ()))
        for role, labels in recipe.heads.items()
    )
    decoder = SoftmaxHeads(heads=heads)
    if isinstance(recipe, ClassifierRecipe) and recipe.others is not None:
        decoder = SoftmaxHeads(heads=heads, presence_trust=recipe.others.presence_trust)
    return ModelContract(
        name=name,
        version=version,
        task="classifier",
        input=_input("crops", recipe.input, batch=batch, max_batch=CROPS_MAX_BATCH),
        outputs=tuple(OutputTensor(name=head.output, shape=("batch", len(head.labels))) for head in heads),
        decoder=decoder,
    )


def _keypoints(recipe: KeypointsRecipe, *, name: str, version: str, batch: int | None) -> ModelContract:
    decoder = point_decoder_from_recipe(recipe)
    axis = ("batch", len(KEYPOINTS), recipe.input.width_px * recipe.bins_a_px)
    shapes = {decoder.x: axis, decoder.y: axis, decoder.presence: ("batch", len(PRESENCE))}
    return ModelContract(
        name=name,
        version=version,
        task="keypoints",
        input=_input("crops", recipe.input, batch=batch, max_batch=CROPS_MAX_BATCH),
        outputs=tuple(OutputTensor(name=name, shape=shapes[name]) for name in decoder.output_names),
        decoder=decoder,
    )


def _pose(recipe: PoseRecipe, *, name: str, version: str, batch: int | None) -> ModelContract:
    bounds = {} if batch is None else {"min_batch": batch, "max_batch": batch}
    points = KeypointInput.model_validate(recipe.points.model_dump() | bounds)
    return ModelContract(
        name=name,
        version=version,
        task="pose",
        input=points,
        outputs=(OutputTensor(name="pose", shape=("batch", len(recipe.poses))),),
        decoder=SoftmaxHeads(heads=(Head(output="pose", role="pose", labels=recipe.poses),)),
    )


def _segmenter(recipe: SegmenterRecipe, *, name: str, version: str, batch: int | None) -> ModelContract:
    decoder = mask_decoder_from_recipe(recipe)
    input_name, most = ("crops", CROPS_MAX_BATCH) if recipe.takes_crops else ("image", DETECTOR_MAX_BATCH)
    stride_px = CROP_STRIDE_PX if recipe.takes_crops else PICTURE_STRIDE_PX
    rows, columns = (side_px // stride_px for side_px in (recipe.input.height_px, recipe.input.width_px))
    return ModelContract(
        name=name,
        version=version,
        task="segmenter",
        input=_input(input_name, recipe.input, batch=batch, max_batch=most),
        outputs=(OutputTensor(name=decoder.mask, shape=("batch", 1, rows, columns)),),
        decoder=decoder,
    )


def _input(name: str, recipe: InputRecipe, *, batch: int | None, max_batch: int) -> InputTensor:
    return InputTensor(
        name=name,
        min_batch=1 if batch is None else batch,
        max_batch=max_batch if batch is None else batch,
        **asdict(recipe.contract()),
    )
