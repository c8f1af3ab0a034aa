# SPDX-License-Identifier: Apache-2.0
"""What looks like a hand and is none, as a part of recipes for models that look at crops."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from training.recipe.shared import Fraction, StrictRecipe


class OthersRecipe(StrictRecipe):
    """What looks like a hand and is none: places where the `detector`, a checkpoint, is wrong in training pictures.

    They score `min_score` to `max_score`: what the detector is surer of may well be a hand that the labels miss. They
    make up `share` of the crops. A relative path begins at the checkout. `presence_trust` is the weight of presence in
    a hand's score, a geometric mean of both.
    """

    detector: str
    min_score: Fraction = 0.2
    max_score: Fraction = 1.0
    share: Annotated[float, Field(gt=0, lt=1)] = 0.3
    presence_trust: Annotated[float, Field(ge=0, lt=1)] = 0.0

    @model_validator(mode="after")
    def _some_score_lies_between(self) -> OthersRecipe:
        if self.max_score <= self.min_score:
            raise ValueError(f"others.max_score must be above min_score, got {self.max_score} and {self.min_score}")
        return self
