# SPDX-License-Identifier: Apache-2.0
"""`edge-train import`: checkpoints of published systems as those of `edge-train`; one command a system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of, tell
from edge.cli.workstation import missing_workstation_package
from edge.errors import UsageError

PROGRAM = "edge-train"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=True)


@app.callback()
def about() -> None:
    """Turn a checkpoint of a published system into one that `eval`, `--from` and `edge-export` take."""


@app.command(epilog=EXIT_CODES)
def face(
    net: Annotated[Path, typer.Argument(metavar="NET", help="The network, Iter_..._net.ckpt.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Changes to the recipe.")
    ] = None,
    *,
    architecture: Annotated[str, typer.Option(metavar="NAME", help="Its backbone, as named there: Res50_IR, say.")],
    margin: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its head, Iter_..._margin.ckpt.  [a new one]")
    ] = None,
    head: Annotated[str, typer.Option(metavar="NAME", help="Kind of the head: softmax, arcface, ...")] = "softmax",
    recipe: Annotated[str, typer.Option(metavar="RECIPE", help="Recipe of the checkpoint.")] = "holding",
    to: Annotated[Path, typer.Option(metavar="FILE", help="The new checkpoint.")] = Path("checkpoint.pt"),
) -> None:
    """Import a network of SuperAI520/HandHoldingObjectClassification or wujiyang/Face_Pytorch."""
    words = [*(changes or []), f"model.architecture={architecture}", f"model.head={head}"]
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _face(net, margin, recipe, words, to)))


def _face(net: Path, margin: Path | None, recipe_name: str, changes: list[str], to: Path) -> int:
    try:
        from training.importers.face import state_from_face
        from training.loop import save_weights
        from training.recipe import HoldingRecipe
        from training.recipe_from_file import read_recipe
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    recipe = read_recipe(recipe_name, changes)
    if not isinstance(recipe, HoldingRecipe):
        raise UsageError(f"{recipe_name} is a recipe of a {recipe.task}; these files need one of a holding-classifier")
    save_weights(to, state_from_face(net, margin, recipe))
    if margin is None:
        tell("the head is new and tells nothing yet: start a training with `edge-train ... --from`")
    print(to)
    return 0


@app.command(epilog=EXIT_CODES)
def hands_segmentation(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Its checkpoint.ckpt, or a state dict of DeepLabV3.")],
    changes: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Changes to the recipe.")
    ] = None,
    *,
    recipe: Annotated[str, typer.Option(metavar="RECIPE", help="Recipe of the checkpoint.")] = "hand-deeplab",
    to: Annotated[Path, typer.Option(metavar="FILE", help="The new checkpoint.")] = Path("checkpoint.pt"),
) -> None:
    """Import a segmenter of guglielmocamporese/hands-segmentation-pytorch."""
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _hands_segmentation(file, recipe, changes or [], to)))


def _hands_segmentation(file: Path, recipe_name: str, changes: list[str], to: Path) -> int:
    try:
        from training.importers.hands_segmentation import state_from_hands_segmentation
        from training.loop import save_weights
        from training.recipe import SegmenterRecipe
        from training.recipe_from_file import read_recipe
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    recipe = read_recipe(recipe_name, changes)
    if not isinstance(recipe, SegmenterRecipe):
        raise UsageError(f"{recipe_name} is a recipe of a {recipe.task}; these files need one of a hand-segmenter")
    save_weights(to, state_from_hands_segmentation(file, recipe))
    print(to)
    return 0


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
