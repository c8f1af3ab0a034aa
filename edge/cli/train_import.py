# SPDX-License-Identifier: Apache-2.0
"""`edge-train import`: checkpoints of published systems as those of `edge-train`; one command a system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.workstation import missing_workstation_package

PROGRAM = "edge-train"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def about() -> None:
    """Turn a checkpoint of a published system into one that `eval`, `--from` and `edge-export` take."""


@app.command(epilog=EXIT_CODES)
def hagrid(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A published classifier, or one trained with its code.")],
    *,
    architecture: Annotated[str, typer.Option(metavar="NAME", help="Its network, such as resnet18.")],
    dataset: Annotated[
        str, typer.Option("--set", metavar="PATH", help="The set to measure it on, below the data root.")
    ] = "hagrid",
    gestures: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="What its outputs mean.  [as published]")
    ] = None,
    crop_margin: Annotated[
        float | None, typer.Option(min=0, help="Room about a hand, in its sides.  [as it was trained]")
    ] = None,
    to: Annotated[Path, typer.Option(metavar="FILE", help="The new checkpoint.")] = Path("checkpoint.pt"),
) -> None:
    """Import a classifier of hukenovs/hagrid, version 1 or 2."""
    names = [name.strip() for name in gestures.split(",")] if gestures else []
    raise typer.Exit(
        exit_code_of(
            PROGRAM, lambda: _hagrid(file, architecture, to, dataset=dataset, gestures=names, crop_margin=crop_margin)
        )
    )


def _hagrid(
    file: Path, architecture: str, to: Path, *, dataset: str, gestures: list[str], crop_margin: float | None
) -> int:
    try:
        from training.importers.hagrid import state_from_hagrid
        from training.loop import save_weights
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    state = state_from_hagrid(
        file, architecture=architecture, dataset=dataset, gestures=gestures, crop_margin=crop_margin
    )
    save_weights(to, state)
    print(to)
    return 0
