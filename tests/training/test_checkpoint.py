# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from edge.errors import SourceError, UsageError
from training.checkpoint import read_checkpoint
from training.models import build
from training.recipe_from_file import read_recipe

RECIPE = read_recipe("gesture-classifier", ["model.widths=[8, 8, 8, 8, 8]", "model.depths=[0, 0, 0, 0]"])


def state(**changes: Any) -> dict[str, Any]:
    weights = build(RECIPE.model).state_dict()
    whole: dict[str, Any] = {
        "model": weights,
        "ema": None,
        "metrics": {},
        "recipe": RECIPE.model_dump(mode="json"),
        "seed": 1,
        "data": {"sets": [], "teachers": []},
    }
    return whole | changes


def saved(path: Path, content: Any) -> Path:
    torch.save(content, path)
    return path


def test_averaged_weights_are_preferred(tmp_path: Path) -> None:
    averaged = {name: tensor + 1 for name, tensor in state()["model"].items()}
    checkpoint = read_checkpoint(saved(tmp_path / "c.pt", state(ema=averaged)))
    first = next(iter(averaged))
    assert torch.equal(checkpoint.model().state_dict()[first], averaged[first])


def test_code_in_a_checkpoint_is_never_run(tmp_path: Path) -> None:
    target = tmp_path / "touched"

    class Touch:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.system, (f"touch {target}",)

    with pytest.raises(SourceError, match="tensors and plain values"):
        read_checkpoint(saved(tmp_path / "c.pt", state(extra=Touch())))
    assert not target.exists()


@pytest.mark.parametrize("content", [b"", b"nothing", b"PK\x03\x04 broken"])
def test_what_is_no_checkpoint_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.pt").write_bytes(content)
    with pytest.raises(SourceError, match="is not a PyTorch file of tensors"):
        read_checkpoint(tmp_path / "c.pt")


def test_a_missing_file_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"expected the checkpoint\.pt"):
        read_checkpoint(tmp_path / "c.pt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "no tensors"),
        ({"model": 3}, "no tensors"),
        ({"model": {"a": torch.zeros(1)}}, "recipe: missing"),
        (state(data={"sets": [{"dataset": "x"}]}), "data.sets.0.licence: missing"),
    ],
)
def test_a_file_of_something_else_names_what_is_missing(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        read_checkpoint(saved(tmp_path / "c.pt", content))


def test_an_invalid_recipe_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="recipe in"):
        read_checkpoint(saved(tmp_path / "c.pt", state(recipe={"task": "hand-detector"})))


def test_weights_of_another_model_are_named(tmp_path: Path) -> None:
    wrong = dict(state()["model"])
    wrong.pop(next(iter(wrong)))
    with pytest.raises(SourceError, match="Missing key"):
        read_checkpoint(saved(tmp_path / "c.pt", state(model=wrong))).model()
