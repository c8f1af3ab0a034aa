# SPDX-License-Identifier: Apache-2.0
"""`edge-train compare`: several architectures of a recipe on the same pictures, as one report."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of, tell
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package
from edge.errors import UsageError

PROGRAM = "edge-train"
REPORT = "report.html"

app = typer.Typer()


@app.command("compare", epilog=EXIT_CODES)
def compare(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe of a holding-classifier, such as holding.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Changes to the recipe.")
    ] = None,
    *,
    architectures: Annotated[
        str | None, typer.Option(metavar="A,B,...", help="Networks to compare.  [all eight]")
    ] = None,
    folds: Annotated[int, typer.Option(min=0, help="Folds of the cross-validation, 0 for none.")] = 5,
    data: Annotated[
        Path, typer.Option(metavar="DIR", envvar="EDGE_TEST_DATA", help="Folder that holds the recipe's sets.")
    ] = Path("../shared/data"),
    to: Annotated[Path, typer.Option(metavar="DIR", help="Folder of all runs and the report.")] = Path("runs/compare"),
) -> None:
    """Train and test networks on the same pictures and write one HTML report; what is finished is not repeated."""
    work = partial(_compare, recipe, changes or [], architectures, folds=folds, data=data, to=to)
    raise typer.Exit(exit_code_of(PROGRAM, work))


def _compare(name: str, changes: list[str], architectures: str | None, *, folds: int, data: Path, to: Path) -> int:
    try:
        from training.comparison.compare import compare as compared_by
        from training.comparison.report import html_from_comparison
        from training.comparison.run import write_whole
        from training.models.face import FACE_BACKBONES
        from training.recipe import HoldingRecipe
        from training.recipe_from_file import read_recipe
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    recipe = read_recipe(name, changes)
    if not isinstance(recipe, HoldingRecipe):
        raise UsageError(f"{name} is a recipe of a {recipe.task}; only those of a holding-classifier are compared")
    if folds == 1:
        raise UsageError("a cross-validation has 2 folds or more; give --folds 0 for none")
    names = list(FACE_BACKBONES) if architectures is None else architectures.split(",")
    with leaving_on_termination():
        compared = compared_by(recipe, names, to, data, folds=folds, say=tell)
        write_whole(to / REPORT, html_from_comparison(compared, recipe))
    print(to / REPORT)
    return 0
