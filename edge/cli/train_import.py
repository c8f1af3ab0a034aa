# SPDX-License-Identifier: Apache-2.0
"""`edge-train import`: checkpoints of published systems as those of `edge-train`; one command a system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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


@app.command(epilog=EXIT_CODES)
def openpose(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Its hand network, pose_iter_....caffemodel.")],
    *,
    dataset: Annotated[
        str, typer.Option("--set", metavar="PATH", help="The COCO set to measure it on, below the data root.")
    ] = "hands",
    side_px: Annotated[int, typer.Option(min=8, help="Side of the crops, a multiple of 8.")] = 368,
    to: Annotated[Path, typer.Option(metavar="FILE", help="The new checkpoint.")] = Path("checkpoint.pt"),
) -> None:
    """Import the hand network of OpenPose, 22 heat maps, as a keypoint model."""
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _openpose(file, dataset, side_px, to)))


def _openpose(file: Path, dataset: str, side_px: int, to: Path) -> int:
    try:
        from training.importers.openpose import state_from_openpose
        from training.loop import save_weights
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    save_weights(to, state_from_openpose(file, dataset=dataset, side_px=side_px))
    print(to)
    return 0


@app.command(epilog=EXIT_CODES)
def yolo(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A detector that its own tools exported to ONNX.")],
    *,
    layout: Annotated[str, typer.Option(metavar="NAME", help="yolo-v5, yolo-v8 (9, 11, 12) or yolo-v10 (26).")],
    name: Annotated[str, typer.Option(help="Name of the bundle.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="Folder that receives the bundle.")] = Path("bundles"),
    hand_classes: Annotated[
        str | None, typer.Option(metavar="N,...", help="Numbers of the classes that are hands.  [all]")
    ] = None,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Score from which it reports a hand.")] = 0.25,
    nms_iou: Annotated[float, typer.Option(min=0, max=1, help="Overlap beyond which two boxes are one hand.")] = 0.5,
    weights_licence: Annotated[str, typer.Option(metavar="SPDX", help="Licence of the weights.")] = "not stated",
    trained_on: Annotated[str, typer.Option(metavar="NAME", help="Data it learned from.")] = "not stated",
) -> None:
    """Pack a YOLO detector as a bundle for `edge-run --models`."""
    options = {"layout": layout, "name": name, "to": to, "min_score": min_score, "nms_iou": nms_iou}
    licences = {"weights_licence": weights_licence, "data": trained_on}
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _yolo(file, hand_classes, options | licences)))


def _yolo(file: Path, hand_classes: str | None, options: dict[str, Any]) -> int:
    try:
        from export.bundle_from_yolo import YoloSettings, bundle_from_yolo
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    try:
        numbers = None if hand_classes is None else tuple(int(number) for number in hand_classes.split(","))
    except ValueError as error:
        raise UsageError(f"--hand-classes are numbers with commas between, 0,3 say; got {hand_classes!r}") from error
    print(bundle_from_yolo(file, YoloSettings(**options, hand_classes=numbers)).path)
    return 0
