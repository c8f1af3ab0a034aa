# SPDX-License-Identifier: Apache-2.0
"""`Checkpoint`: what `edge-train` saved, read without running any code from the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from edge.bundle.provenance import DataSource
from edge.errors import SourceError
from edge.strict_model import first_problem
from training.models import build
from training.recipe import AnyRecipe
from training.recipe_from_file import recipe_from_mapping
from training.tensor_file import read_tensor_file


class _SetRow(BaseModel):
    dataset: str
    licence: str
    pictures: int | None = None


class _DataRows(BaseModel):
    sets: tuple[_SetRow, ...]
    teachers: tuple[str, ...] = ()


class _Saved(BaseModel):
    """The parts of a checkpoint that are not tensors; the optimiser and the like are of no interest here."""

    model_config = ConfigDict(extra="ignore")

    recipe: dict[str, Any]
    data: _DataRows
    seed: int
    step: int | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    commit: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Checkpoint:
    """A trained model: its recipe, weights (the averaged ones where there are any), metrics and provenance."""

    path: Path
    recipe: AnyRecipe
    weights: Mapping[str, Tensor]
    metrics: Mapping[str, float]
    data: tuple[DataSource, ...]
    teachers: tuple[str, ...]
    seed: int
    commit: str | None

    def __repr__(self) -> str:
        return f"Checkpoint({self.recipe.name!r}, {len(self.weights)} tensors, {str(self.path)!r})"

    def model(self) -> nn.Module:
        """Return the model with its weights, in inference mode. Raises `SourceError` naming tensors that do not fit."""
        model = build(self.recipe.model)
        try:
            model.load_state_dict(dict(self.weights))
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:400]
            raise SourceError(f"{self.path}: weights do not fit the model of its recipe: {reason}") from error
        return model.eval()


def read_state(path: Path) -> dict[str, Any]:
    """Read everything a checkpoint holds: tensors and plain values by name.

    Raises `SourceError` when the file is missing, no checkpoint, or holds anything else.
    """
    state = read_tensor_file(path, expected="the checkpoint.pt of a training run")
    if not isinstance(state, dict):
        raise SourceError(f"{path} is not a checkpoint of edge-train: it has no tensors under 'model' or 'ema'")
    return {key: value for key, value in state.items() if isinstance(key, str)}


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint of `edge-train`.

    Raises `SourceError` as `read_state` does, and `UsageError` when its recipe is not valid.
    """
    state = read_state(path)
    weights = state.get("ema") or state.get("model")
    if not isinstance(weights, dict) or not all(isinstance(tensor, Tensor) for tensor in weights.values()):
        raise SourceError(f"{path} is not a checkpoint of edge-train: it has no tensors under 'model' or 'ema'")
    try:
        saved = _Saved.model_validate(state)
    except ValidationError as error:
        raise SourceError(f"{path} is not a checkpoint of edge-train: {first_problem(error)}") from error
    return Checkpoint(
        path=path,
        recipe=recipe_from_mapping(saved.recipe, origin=f"in {path}"),
        weights=weights,
        metrics=saved.metrics,
        data=tuple(DataSource(name=row.dataset, licence=row.licence, pictures=row.pictures) for row in saved.data.sets),
        teachers=saved.data.teachers,
        seed=saved.seed,
        commit=saved.commit,
    )
