# SPDX-License-Identifier: Apache-2.0
"""`AccuracyCard`: how good a model is, on what it was measured, and how to measure it again."""

from __future__ import annotations

from pydantic import Field

from edge.strict_model import StrictModel

Figures = dict[str, float]


class SetAccuracy(StrictModel):
    """Figures on one data set; `pseudo_labels` says that its labels came from a model, not from people."""

    name: str = Field(min_length=1)
    pictures: int | None = Field(default=None, ge=0)
    figures: Figures
    pseudo_labels: bool = False


class AccuracyCard(StrictModel):
    """The headline `metric` and `value` of one precision, then the same set by set.

    `min_score` is the threshold of recall and precision, None where it is not known or there is none; `date` is
    ISO 8601, None where it is not known; `command` is what was run; `note` says what a reader must know to judge the
    figures.
    """

    metric: str = Field(min_length=1)
    value: float
    split: str = Field(min_length=1)
    min_score: float | None = Field(default=None, ge=0, le=1)
    date: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    command: str = Field(min_length=1)
    sets: tuple[SetAccuracy, ...] = ()
    note: str = ""
