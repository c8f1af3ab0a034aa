# SPDX-License-Identifier: Apache-2.0
"""What a trained model was made from: recipe, seed, data sets and their licences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from training.data.sample import HandSample
from training.recipe import ClassifierRecipe, DetectorRecipe


def provenance_of(
    recipe: DetectorRecipe | ClassifierRecipe, samples: Sequence[HandSample], *, teachers: Sequence[str]
) -> dict[str, Any]:
    """Return plain values for a checkpoint: `recipe`, `seed` and `data`, with a row a set and licence in `sets`."""
    counts = Counter((sample.dataset, sample.licence) for sample in samples)
    rows = [
        {"dataset": dataset, "licence": licence, "pictures": count}
        for (dataset, licence), count in sorted(counts.items())
    ]
    return {
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        "data": {"sets": rows, "teachers": list(teachers)},
    }


def with_earlier(data: Mapping[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `data` of a training that went on from weights which had learned from `earlier`.

    A set that both name counts the pictures of the one that saw more of it.
    """
    pictures: dict[tuple[str, str], int] = {}
    for row in (*data.get("sets", ()), *earlier.get("sets", ())):
        name = row["dataset"], row["licence"]
        pictures[name] = max(pictures.get(name, 0), row["pictures"])
    rows = [{"dataset": name, "licence": licence, "pictures": count} for (name, licence), count in pictures.items()]
    teachers = dict.fromkeys((*data.get("teachers", ()), *earlier.get("teachers", ())))
    return {"sets": sorted(rows, key=lambda row: (row["dataset"], row["licence"])), "teachers": list(teachers)}
