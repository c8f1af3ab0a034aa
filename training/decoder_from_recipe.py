# SPDX-License-Identifier: Apache-2.0
"""How a recipe's model is decoded: the same in training, evaluation and the bundle."""

from __future__ import annotations

from edge.decoders import AnchorFreeLtrb, MaskLogits, Simcc
from edge.decoders.anchor_free_ltrb import Level
from edge.errors import UsageError
from training.models.detector import STRIDES_PX
from training.recipe import AnyRecipe, DetectorRecipe, HoldingRecipe, KeypointsRecipe, PoseRecipe, SegmenterRecipe


def decoder_from_recipe(recipe: DetectorRecipe) -> AnchorFreeLtrb:
    """Return the decoder of the recipe's model, one level for each of the maps that the module returns."""
    levels = tuple(Level(output=f"level_{stride}", stride_px=stride) for stride in STRIDES_PX)
    return AnchorFreeLtrb(levels=levels, **recipe.decoding.model_dump())


def point_decoder_from_recipe(recipe: KeypointsRecipe) -> Simcc:
    """Return the decoder of the recipe's model, whose module returns the logits of x, of y and of presence."""
    if recipe.others is None:
        return Simcc(x="x", y="y", reach=recipe.reach)
    trust = recipe.others.presence_trust
    return Simcc(x="x", y="y", reach=recipe.reach, presence="presence", presence_trust=trust)


def mask_decoder_from_recipe(_recipe: SegmenterRecipe) -> MaskLogits:
    """Return the decoder of the recipe's model, whose module returns the logits of a mask."""
    return MaskLogits(mask="mask")


def min_score_of(recipe: AnyRecipe) -> float | None:
    """Return the threshold of a recipe's model, None where it has none."""
    return recipe.decoding.min_score if isinstance(recipe, DetectorRecipe) else None


def with_min_score(recipe: AnyRecipe, min_score: float | None) -> AnyRecipe:
    """Return the recipe with another threshold, or as it is for None.

    Raises `UsageError` for a recipe without a threshold and for a value that is not within 0 and 1.
    """
    if min_score is None:
        return recipe
    if not isinstance(recipe, DetectorRecipe):
        raise UsageError(f"min_score is for detectors; {recipe.name} is a {recipe.task}")
    if not 0 <= min_score <= 1:
        raise UsageError(f"min_score must lie within 0 and 1, got {min_score}")
    return recipe.model_copy(update={"decoding": recipe.decoding.model_copy(update={"min_score": min_score})})


def with_presence_trust(recipe: AnyRecipe, presence_trust: float | None) -> AnyRecipe:
    """Return the recipe with another trust in presence, or as it is for None.

    Raises `UsageError` for a model that does not tell presence and for a value that is below 0, or not below 1.
    """
    if presence_trust is None:
        return recipe
    if isinstance(recipe, (DetectorRecipe, HoldingRecipe, PoseRecipe, SegmenterRecipe)) or recipe.others is None:
        raise UsageError(f"presence_trust is for models trained with others; {recipe.name} is none")
    if not 0 <= presence_trust < 1:
        raise UsageError(f"presence_trust must be at least 0 and less than 1, got {presence_trust}")
    return recipe.model_copy(update={"others": recipe.others.model_copy(update={"presence_trust": presence_trust})})
