# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from edge.errors import SourceError, UsageError
from tests.training.small_checkpoints import saved
from tests.training.small_recipes import classifier_recipe, detector_recipe
from tests.training.small_sets import write_hands
from training.evaluation import ALL_SETS, card_from_rows, evaluate_checkpoint

SETS = {"validate_every": 3, "sets": [{"path": "hands"}, {"path": "more"}, {"path": "desks", "layout": "no-hands"}]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a data folder whose hands are all left palms; two pictures of one set and one of the other are tests."""
    for name, splits in (("hands", ["test", "train", "test"]), ("more", ["train", "test"])):
        write_hands(tmp_path / name, splits=splits, gesture="palm", handedness="left")
    return tmp_path


def test_a_detector_is_measured_on_the_test_pictures_of_each_set_and_of_all(root: Path) -> None:
    rows = evaluate_checkpoint(saved(root / "c.pt", detector_recipe(data=SETS)), root).rows
    assert list(rows) == ["hands", "more", ALL_SETS]
    assert [row["pictures"] for row in rows.values()] == [2, 1, 3]
    assert [row["hands"] for row in rows.values()] == [2, 1, 3]
    assert all({"ap", "ap50", "recall", "precision"} <= set(row) for row in rows.values())


def test_recall_follows_the_threshold_and_the_card_states_it(root: Path) -> None:
    path = saved(root / "c.pt", detector_recipe(data=SETS))
    at_own, at_zero = (evaluate_checkpoint(path, root, min_score=score).rows for score in (None, 0.0))
    assert at_own[ALL_SETS]["precision"] == 0.0 < at_zero[ALL_SETS]["precision"]
    own, other = card_from_rows(at_own, path, note=""), card_from_rows(at_zero, path, note="", min_score=0.0)
    assert (own.min_score, own.command) == (0.5, "edge-train eval c.pt")
    assert (other.min_score, other.command) == (0.0, "edge-train eval c.pt --min-score 0.0")
    with pytest.raises(UsageError, match=r"min_score must lie within 0 and 1, got 1\.5"):
        evaluate_checkpoint(path, root, min_score=1.5)


def test_a_classifier_has_no_threshold(root: Path) -> None:
    path = saved(root / "c.pt", classifier_recipe(data=SETS))
    assert card_from_rows({ALL_SETS: {"gesture_macro_f1": 0.5}}, path, note="").min_score is None
    with pytest.raises(UsageError, match="min_score is for detectors"):
        evaluate_checkpoint(path, root, min_score=0.5)


def test_a_classifier_that_knows_one_answer_scores_where_it_is_right(root: Path) -> None:
    recipe = classifier_recipe(data=SETS)
    zero = {f"heads__{head}__weight": 0.0 for head in range(2)}
    path = saved(root / "c.pt", recipe, **zero, heads__0__bias=0.0, heads__1__bias=0.0)
    state = torch.load(path, weights_only=True)
    state["ema"]["heads.0.bias"][1] = 5.0
    state["ema"]["heads.1.bias"][1] = 5.0
    torch.save(state, path)
    rows = evaluate_checkpoint(path, root).rows
    assert list(rows) == ["hands", "more", ALL_SETS]
    assert rows[ALL_SETS] == {"hands": 3.0, "gesture_macro_f1": 1.0, "handedness_macro_f1": 0.0}


def test_a_card_has_the_headline_over_all_sets_and_every_row(tmp_path: Path) -> None:
    sets = [{"path": "hands"}, {"path": "people", "pseudo_labels": True}]
    checkpoint = saved(tmp_path / "c.pt", detector_recipe(data={"sets": sets}))
    rows = {
        "hands": {"pictures": 2.0, "ap": 0.25, "ap50": 0.512345},
        "people": {"pictures": 1.0, "ap": 0.1, "ap50": 0.3},
        ALL_SETS: {"pictures": 3.0, "ap": 0.2, "ap50": 0.498765},
    }
    card = card_from_rows(rows, checkpoint, note="small")
    assert (card.metric, card.value, card.split, card.note) == ("ap50", 0.4988, "test", "small")
    assert [(own.name, own.pictures, own.figures, own.pseudo_labels) for own in card.sets] == [
        ("hands", 2, {"ap": 0.25, "ap50": 0.5123}, False),
        ("people", 1, {"ap": 0.1, "ap50": 0.3}, True),
        (ALL_SETS, 3, {"ap": 0.2, "ap50": 0.4988}, True),
    ]


def test_without_labelled_hands_there_is_no_card() -> None:
    with pytest.raises(SourceError, match="no test hand has a label for any of ap50, gesture_macro_f1"):
        card_from_rows({ALL_SETS: {"hands": 3.0, "handedness_macro_f1": 0.5}}, Path("c.pt"), note="")


def test_what_cannot_be_measured_is_one_sentence(root: Path) -> None:
    recipe = detector_recipe(data={"sets": [{"path": "gone"}]})
    with pytest.raises(SourceError, match="gone does not exist"):
        evaluate_checkpoint(saved(root / "c.pt", recipe), root)
    with pytest.raises(SourceError, match=r"expected the checkpoint\.pt"):
        evaluate_checkpoint(root / "none.pt", root)
