# SPDX-License-Identifier: Apache-2.0
"""What a trained model was made from: code, recipe, seed, data sets and their licences."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.data.keypoint_rows import PoseSample
from training.data.sample import HandSample
from training.recipe import AnyRecipe

SOURCE_TREE = Path(__file__).resolve().parent.parent
# What may differ when a training goes on: its length, the machine's part in it, and remarks about the labels.
_MAY_CHANGE = re.compile(
    r"schedule\.(steps|validate_steps|checkpoint_steps|workers|threads|device)|data\.sets\.\d+\.pseudo_labels"
)


def source_commit(tree: Path = SOURCE_TREE) -> str | None:
    """Return the git commit of `tree`, with "-dirty" when tracked files differ; None where it is no checkout."""
    if not (tree / ".git").exists():
        return None
    command = ["git", "-C", str(tree), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        described = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.strip()


def changed_key(before: Any, now: Any, place: str = "") -> str | None:
    """Return the first key of the recipe `before` that `now` changes, as in `schedule.rate`; None where both agree.

    Keys that `before` lacks are newer than it, and a few may change at any time.
    """
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        pairs = [(key, before[key], now.get(key)) for key in before]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = [(number, *both) for number, both in enumerate(zip(before, now, strict=True))]
    else:
        return None if before == now or _MAY_CHANGE.fullmatch(place) else place
    changes = (changed_key(old, new, f"{place}.{key}".lstrip(".")) for key, old, new in pairs)
    return next((change for change in changes if change is not None), None)


def provenance_of(
    recipe: AnyRecipe, samples: Sequence[HandSample | PoseSample], *, teachers: Sequence[str]
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
        pictures[name] = max(pictures.get(name, 0), row["pictures"] or 0)
    rows = [
        {"dataset": name, "licence": licence, "pictures": count or None} for (name, licence), count in pictures.items()
    ]
    teachers = dict.fromkeys((*data.get("teachers", ()), *earlier.get("teachers", ())))
    return {"sets": sorted(rows, key=lambda row: (row["dataset"], row["licence"])), "teachers": list(teachers)}
