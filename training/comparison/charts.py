# SPDX-License-Identifier: Apache-2.0
"""Pictures of the report, as data that HTML holds in itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

from matplotlib.figure import Figure

from training.comparison.compare import Accuracy, Compared

TRAINED, VALIDATED = "#0072b2", "#d55e00"


def curves(compared: Compared) -> str:
    """Return the loss and the accuracies in the course of one training, as a picture's address."""
    figure = Figure(figsize=(8, 2.6), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    series = (
        (loss, "train", "loss", "training", TRAINED),
        (accuracy, "train", "accuracy", "training, varied pictures", TRAINED),
        (accuracy, "validation", "holding_accuracy", "groups kept aside", VALIDATED),
    )
    for axes, kind, key, label, colour in series:
        rows = [row for row in compared.log if row["kind"] == kind and key in row]
        axes.plot([row["step"] for row in rows], [row[key] for row in rows], label=label, color=colour, marker=".")
    loss.set(xlabel="step", ylabel="loss", ylim=(0, None))
    accuracy.set(xlabel="step", ylabel="accuracy", ylim=(0, 1.02))
    for axes in (loss, accuracy):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    return _address(figure)


def intervals(accuracies: Mapping[str, Accuracy], *, label: str) -> str:
    """Return accuracies with their intervals, the first on top, as a picture's address."""
    figure = Figure(figsize=(8, 0.8 + 0.32 * len(accuracies)), layout="constrained")
    axes = figure.subplots()
    names = list(accuracies)[::-1]
    for row, name in enumerate(names):
        own = accuracies[name]
        axes.plot([own.low, own.high], [row, row], color=TRAINED, linewidth=2)
        axes.plot([own.value], [row], "o", color=TRAINED)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel=label, ylim=(-0.6, len(names) - 0.4))
    axes.grid(alpha=0.3, axis="x")
    return _address(figure)


def _address(figure: Figure) -> str:
    stream = io.BytesIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue()).decode()
