# SPDX-License-Identifier: Apache-2.0
"""Accuracy beside speed, by the metrics of the checkout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.cli.bench_settings import PROGRAM
from edge.cli.workstation import missing_workstation_package

if TYPE_CHECKING:
    from edge.bench.report import Accuracy, Case


def judge_from_folder(folder: Path, *, pictures: int, bundles: Sequence[str]) -> Callable[[Case], Case]:
    """Return what gives a case its accuracy on at most `pictures` test pictures of the sets in `folder`.

    `bundles` are the names or folders that were asked for. Raises `DependencyError` outside a checkout,
    `SourceError` where the folder holds no set.
    """
    try:
        from benchmarks.bench_accuracy import accuracy_of, pictures_from_sets
    except ModuleNotFoundError as error:
        raise missing_workstation_package(f"{PROGRAM} --data", error) from error
    shown = pictures_from_sets(folder, most=pictures)

    def judged(case: Case) -> Case:
        found: list[Accuracy] = accuracy_of(case, shown, bundles)
        return case.model_copy(update={"accuracy": tuple(found)})

    return judged
