# SPDX-License-Identifier: Apache-2.0
"""What was said of the hands of published sets by eye, where their own annotations say nothing of it."""

from __future__ import annotations

import json
from pathlib import Path

from edge.errors import UsageError

LABELS = Path(__file__).resolve().parent.parent / "labels" / "holding.json"


def labelled_datasets() -> tuple[str, ...]:
    """Return the sets of whose hands something is said."""
    return tuple(_labels())


def holding_labels(dataset: str) -> dict[int, bool]:
    """Return whether the hand of an annotation holds something, by the annotation's id; unsure ones are left out.

    Raises `UsageError` for a set of which nothing is said.
    """
    labels = _labels()
    if dataset not in labels:
        raise UsageError(f"{LABELS} says nothing of {dataset}; leave out labelled, or choose of {', '.join(labels)}")
    return {int(number): holding for number, holding in labels[dataset].items()}


def _labels() -> dict[str, dict[str, bool]]:
    labels: dict[str, dict[str, bool]] = json.loads(LABELS.read_text("utf-8"))
    return labels
