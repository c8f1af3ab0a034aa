# SPDX-License-Identifier: Apache-2.0
"""What a trained model was made from: recipe, seed, data sets and their licences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
