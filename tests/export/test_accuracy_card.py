# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.errors import UsageError
from export.accuracy_card import accuracy_card
from tests.training.small_recipes import detector_recipe
from training.checkpoint import Checkpoint


def checkpoint_with(**metrics: float) -> Checkpoint:
    return Checkpoint(
        path=Path("runs/c.pt"),
        recipe=detector_recipe(decoding={"min_score": 0.4}),
        weights={},
        metrics=metrics,
        data=(),
        teachers=(),
        seed=1,
        commit=None,
    )


def card_file(folder: Path, **changes: Any) -> Path:
    fields = {"metric": "ap50", "value": 0.5, "split": "test", "command": "edge-train eval c.pt", **changes}
    (folder / "card.json").write_text(json.dumps(fields), encoding="utf-8")
    return folder / "card.json"


def test_metrics_of_the_training_state_the_recipes_threshold() -> None:
    card = accuracy_card(checkpoint_with(recall=0.5, ap50=0.25), None, min_score=None)
    assert card is not None
    assert (card.metric, card.value, card.min_score) == ("ap50", 0.25, 0.4)


def test_without_metrics_there_is_no_card_at_any_threshold() -> None:
    assert accuracy_card(checkpoint_with(), None, min_score=0.7) is None


@pytest.mark.parametrize(("measured", "asked"), [(0.4, None), (0.4, 0.4), (0.35, 0.35), (None, None)])
def test_a_card_of_the_bundles_threshold_is_taken(tmp_path: Path, measured: float | None, asked: float | None) -> None:
    card = accuracy_card(checkpoint_with(), card_file(tmp_path, min_score=measured), min_score=asked)
    assert card is not None
    assert card.min_score == measured


@pytest.mark.parametrize(
    ("measured", "asked", "told"),
    [
        (0.5, 0.35, r"at min_score 0\.5, but the bundle is to have 0\.35; run .* runs/c\.pt --min-score 0\.35 --card"),
        (0.5, None, r"at min_score 0\.5, but the bundle is to have 0\.4; .*give that file with --accuracy"),
        (None, 0.35, r"without a min_score, but the bundle is to have 0\.35"),
    ],
)
def test_a_card_of_another_threshold_is_refused(
    tmp_path: Path, measured: float | None, asked: float | None, told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        accuracy_card(checkpoint_with(), card_file(tmp_path, min_score=measured), min_score=asked)


def test_metrics_of_the_training_are_refused_at_another_threshold() -> None:
    with pytest.raises(UsageError, match=r"was measured at min_score 0\.4, but the bundle is to have 0\.35"):
        accuracy_card(checkpoint_with(ap50=0.5), None, min_score=0.35)
