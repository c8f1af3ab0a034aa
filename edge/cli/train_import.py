# SPDX-License-Identifier: Apache-2.0
"""`edge-train import`: another project's checkpoint as one of ours."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.workstation import missing_workstation_package
from edge.errors import UsageError

PROGRAM = "edge-train import"
SYSTEMS = ("hagrid",)


def import_checkpoint(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="hagrid.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What that project saved.")],
    *,
    architecture: Annotated[str, typer.Option(metavar="NAME", help="Its network, such as resnet18.")],
    to: Annotated[Path, typer.Option(metavar="CHECKPOINT", help="File to write.")],
    dataset: Annotated[
        str, typer.Option("--set", metavar="PATH", help="The set to measure it on, below the data root.")
    ] = "hagrid",
    gestures: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="What its outputs mean.  [as published]")
    ] = None,
    crop_margin: Annotated[
        float | None, typer.Option(help="Widens crops by so many sides of the hand.  [as it was trained]")
    ] = None,
) -> None:
    """Make a checkpoint for `eval`, `edge-export` and `--from` of one that SYSTEM saved."""
    names = [name.strip() for name in gestures.split(",")] if gestures else []
    work = partial(
        _import, system, file, to, architecture=architecture, dataset=dataset, gestures=names, crop_margin=crop_margin
    )
    raise typer.Exit(exit_code_of(PROGRAM, work))


def register(app: typer.Typer) -> None:
    """Make it a command of `app`."""
    app.command("import", epilog=EXIT_CODES)(import_checkpoint)


def _import(
    system: str,
    file: Path,
    to: Path,
    *,
    architecture: str,
    dataset: str,
    gestures: list[str],
    crop_margin: float | None,
) -> int:
    if system not in SYSTEMS:
        raise UsageError(f"there is no importer for {system!r}; choose one of {', '.join(SYSTEMS)}")
    try:
        from training.importers.hagrid import hagrid_state
        from training.loop import save_weights
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    state = hagrid_state(file, architecture=architecture, dataset=dataset, gestures=gestures, crop_margin=crop_margin)
    save_weights(to, state)
    print(to)
    return 0
