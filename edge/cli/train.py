# SPDX-License-Identifier: Apache-2.0
"""`edge-train`: train a model from a recipe, or evaluate a checkpoint."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from edge.cli import train_data, train_import
from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package
from edge.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = "edge-train"


class _RecipeGroup(TyperGroup):
    """A group whose first word may be a recipe instead of a command: `edge-train RECIPE` is `edge-train fit RECIPE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer keeps these types to itself
        """Return the command that `args` name."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["fit", *args])


app = typer.Typer(
    cls=_RecipeGroup, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True
)

app.add_typer(train_data.app, name="data")
app.add_typer(train_import.app, name="import")

Data = Annotated[
    Path, typer.Option(metavar="DIR", envvar="EDGE_TEST_DATA", help="Folder that holds the recipe's sets.")
]


@app.command(epilog=EXIT_CODES)
def fit(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="Name of a shipped recipe, or a .yaml file.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Changes to the recipe.")
    ] = None,
    *,
    data: Data = Path("../shared/data"),
    to: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the run.  [runs/NAME]")] = None,
    teacher: Annotated[
        Path | None, typer.Option(metavar="ONNX", help="HaGRID's crop classifier, to learn from.  [labels alone]")
    ] = None,
    start: Annotated[
        Path | None, typer.Option("--from", metavar="CHECKPOINT", help="Weights to begin with.  [random]")
    ] = None,
) -> None:
    """Train RECIPE, or go on where its run stopped (`edge-train RECIPE` does the same)."""
    raise typer.Exit(
        exit_code_of(PROGRAM, lambda: _fit(recipe, changes or [], data, to=to, teacher=teacher, start=start))
    )


@app.command("eval", epilog=EXIT_CODES)
def evaluate(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT", help="checkpoint.pt of a run.")],
    *,
    data: Data = Path("../shared/data"),
    card: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write an accuracy card for `edge-export --accuracy`.")
    ] = None,
    note: Annotated[str, typer.Option(help="What a reader of the card must know.", show_default=False)] = "",
    mistakes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a contact sheet of the mistakes, .jpg or .png.")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(min=0, max=1, help="Score from which a detector reports a hand.  [the recipe's]")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Measure CHECKPOINT on the test split of its recipe's sets, set by set."""
    work = partial(
        _evaluate, checkpoint, data, card=card, note=note, mistakes=mistakes, min_score=min_score, as_json=json
    )
    raise typer.Exit(exit_code_of(PROGRAM, work))


def main() -> None:
    """Run the command and end the process with its exit code."""
    app(prog_name=PROGRAM)


def _fit(
    name: str, changes: list[str], data: Path, *, to: Path | None, teacher: Path | None, start: Path | None
) -> int:
    try:
        from training import ranks
        from training.loop import train
        from training.recipe_from_file import read_recipe
        from training.tasks import task_from_recipe
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    recipe = read_recipe(name, changes)
    folder = to or Path("runs") / recipe.name
    with leaving_on_termination(), ranks.joined():
        task = task_from_recipe(recipe, data, teacher=teacher)
        path = train(task, recipe.schedule, folder, seed=recipe.seed, start=start, say=_say)
        if ranks.is_leader():
            print(path)
    return 0


def _evaluate(
    checkpoint: Path,
    data: Path,
    *,
    card: Path | None,
    note: str,
    mistakes: Path | None,
    min_score: float | None,
    as_json: bool,
) -> int:
    try:
        from training.evaluation import card_from_rows, evaluate_checkpoint
        from training.mistakes import contact_sheet, require_sheet_name, write_sheet
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    if mistakes is not None:
        require_sheet_name(mistakes)
    evaluation = evaluate_checkpoint(checkpoint, data, min_score=min_score)
    if as_json:
        import json

        print(json.dumps(evaluation.rows))
    else:
        _print_table(evaluation.rows)
    # After the figures are told: they took long, and a file may turn out not to be writable.
    if card is not None:
        written = card_from_rows(evaluation.rows, checkpoint, note=note, min_score=min_score)
        _write(card, written.model_dump_json(indent=2) + "\n")
    if mistakes is not None:
        if evaluation.pictures is None:
            raise UsageError(
                f"{checkpoint} looks at no pictures, so its mistakes cannot be shown; leave --mistakes out"
            )
        write_sheet(mistakes, contact_sheet(evaluation.mistakes, evaluation.pictures))
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; name a file in a folder that exists") from error


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _print_table(rows: Mapping[str, Mapping[str, float]]) -> None:
    from rich.console import Console
    from rich.table import Table

    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
    table = Table("set", *columns)
    for name, row in rows.items():
        table.add_row(name, *(f"{row[column]:.3f}" if column in row else "" for column in columns))
    Console().print(table)
