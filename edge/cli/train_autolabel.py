# SPDX-License-Identifier: Apache-2.0
"""`edge-train autolabel`: labels for pictures by models, as a COCO set for review."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.outcome import exit_code_of
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package

PROGRAM = "edge-train autolabel"


def autolabel(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="Detector: a shipped model or a bundle's folder.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of pictures.")],
    *,
    to: Annotated[Path, typer.Option(metavar="DIR", help="Folder that receives the set.")],
    models: Annotated[
        list[str] | None, typer.Option(metavar="BUNDLE", help="A model that says more of the hands; may be repeated.")
    ] = None,
    keep: Annotated[float, typer.Option(min=0, max=1, help="Score from which a hand is a label.")] = 0.6,
    doubt: Annotated[
        float, typer.Option("--doubt", "--min-score", min=0, max=1, help="Score from which it may be one.")
    ] = 0.3,
    threads: Annotated[int | None, typer.Option(min=1, help="Pictures at a time.  [one a core]")] = None,
) -> None:
    """Label the pictures of FOLDER; what is doubtful becomes a region that gives no loss."""
    work = partial(_autolabel, [bundle, *(models or [])], folder, to, keep=keep, doubt=doubt, threads=threads)
    raise typer.Exit(exit_code_of(PROGRAM, work))


def _autolabel(models: list[str], folder: Path, to: Path, *, keep: float, doubt: float, threads: int | None) -> int:
    from edge.cli.progress import with_progress

    try:
        from training.autolabel.labelling import autolabel
        from training.autolabel.thresholds import Thresholds
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    thresholds = Thresholds(keep=keep, doubt=doubt)
    with leaving_on_termination():
        done = autolabel(
            models, folder, to, thresholds=thresholds, threads=threads, progress=partial(with_progress, total=None)
        )
    for reason in done.skipped:
        print(f"skipped: {reason}", file=sys.stderr)
    told = f"{done.pictures} pictures, {done.labels} labels, {done.doubtful} places of doubt"
    print(f"{told}, {len(done.skipped)} pictures skipped; look at confident.jpg and doubtful.jpg before you train")
    print(to)
    return 0
