# SPDX-License-Identifier: Apache-2.0
"""The accuracy card that a bundle gets: a given one, or what its training measured."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from edge.bundle.accuracy import AccuracyCard, SetAccuracy
from edge.errors import UsageError
from edge.strict_model import first_problem
from training.checkpoint import Checkpoint
from training.decoder_from_recipe import min_score_of
from training.metrics import HEADLINES


def accuracy_card(checkpoint: Checkpoint, file: Path | None, *, min_score: float | None) -> AccuracyCard | None:
    """Return the card in `file`, else the checkpoint's validation metrics, else none.

    `min_score` is the threshold that was asked for, None for the recipe's. Raises `UsageError` when `file` is no card,
    and when its figures or the checkpoint's were measured at another threshold.
    """
    card = _validation_card(checkpoint) if file is None else _card_from_file(file)
    wanted = min_score_of(checkpoint.recipe) if min_score is None else min_score
    # A card may be silent as long as nobody asks for another threshold than the recipe's.
    if card is None or card.min_score == wanted or (card.min_score is None and min_score is None):
        return card
    measured = "without a min_score" if card.min_score is None else f"at min_score {card.min_score}"
    raise UsageError(
        f"the accuracy card was measured {measured}, but the bundle is to have {wanted}; run `edge-train eval"
        f" {checkpoint.path} --min-score {wanted} --card FILE` and give that file with --accuracy"
    )


def _card_from_file(file: Path) -> AccuracyCard:
    try:
        return AccuracyCard.model_validate_json(file.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read accuracy card {file}: {error.strerror}") from error
    except ValidationError as error:
        raise UsageError(f"{file} is not an accuracy card: {first_problem(error)}") from error


def _validation_card(checkpoint: Checkpoint) -> AccuracyCard | None:
    metrics = checkpoint.metrics
    headline = next((name for name in (*HEADLINES, *metrics) if name in metrics), None)
    if headline is None:
        return None
    return AccuracyCard(
        metric=headline,
        value=metrics[headline],
        split="validation",
        min_score=min_score_of(checkpoint.recipe),
        command=f"edge-train {checkpoint.recipe.name}",
        sets=(SetAccuracy(name="validation", pictures=None, figures=dict(metrics)),),
        note="measured with PyTorch during training, on groups kept aside from the training sets",
    )
