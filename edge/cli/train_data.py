# SPDX-License-Identifier: Apache-2.0
"""`edge-train data`: check the data sets of a recipe, convert those of others, and fetch published ones."""

from __future__ import annotations

import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli import train_download
from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package
from edge.errors import OutputError, UsageError

if TYPE_CHECKING:
    from training.data.findings import CheckReport

PROGRAM = "edge-train data"
VISOR = "visor"
SHOWN_OF_A_KIND = 10

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Check the data sets of a recipe, convert those of others, and fetch published ones.",
)


app.command(epilog=EXIT_CODES)(train_download.download)


@app.command(epilog=EXIT_CODES)
def check(
    recipe_or_folder: Annotated[
        str, typer.Argument(metavar="RECIPE_OR_FOLDER", help="A recipe, a set, or a folder of COCO sets.")
    ],
    *,
    data: Annotated[
        Path, typer.Option(metavar="DIR", envvar="EDGE_TEST_DATA", help="Folder that holds the recipe's sets.")
    ] = Path("../shared/data"),
    strict: Annotated[bool, typer.Option("--strict", help="Fail when anything is wrong.")] = False,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write every finding as JSON.")] = None,
) -> None:
    """Look at every picture and annotation once; fail when a training would."""
    raise typer.Exit(exit_code_of(PROGRAM, lambda: _check(recipe_or_folder, data, strict=strict, output=json)))


@app.command(epilog=EXIT_CODES)
def convert(
    layout: Annotated[str, typer.Argument(metavar="LAYOUT", help="oxford, tv-hand, coco-hand or visor.")],
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="Folder of the data set, unpacked.")],
    to: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the set to be made.")],
    *,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy the pictures into DIR.  [refer to them where they are]")
    ] = False,
    licence: Annotated[str, typer.Option(help="Licence of pictures and annotations.")] = "not stated",
    objects: Annotated[
        bool, typer.Option("--objects", help="Of visor: what hands touch belongs to their masks.")
    ] = False,
) -> None:
    """Convert a published data set of hands to the COCO layout, or to pictures and masks."""
    work = partial(_convert, layout, source, to, copy=copy, licence=licence, objects=objects)
    raise typer.Exit(exit_code_of(PROGRAM, work))


def _check(recipe_or_folder: str, data: Path, *, strict: bool, output: Path | None) -> int:
    try:
        from training.data.check import check_folder, check_recipe
        from training.recipe_from_file import read_recipe
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    folder = Path(recipe_or_folder)
    report = check_folder(folder) if folder.is_dir() else check_recipe(read_recipe(recipe_or_folder), data)
    _print_report(report)
    if output is not None:
        _write(output, json.dumps(report.to_dict(), indent=1) + "\n")
    report.require_sound(strict=strict)
    return 0


def _convert(layout: str, source: Path, to: Path, *, copy: bool, licence: str, objects: bool) -> int:
    try:
        from training.convert import pictures_in_layout
        from training.convert.coco_set import write_coco_set
        from training.convert.visor import convert_visor
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    if objects and layout != VISOR:
        raise UsageError(f"--objects is for {VISOR}, whose hands say what they touch; leave it out for {layout}")
    with leaving_on_termination():
        if layout == VISOR:
            done = convert_visor(source, to, objects=objects, copy=copy)
        else:
            pictures = pictures_in_layout(layout, source)
            done = write_coco_set(pictures, source, to, description=layout, licence=licence, copy=copy)
    for reason in done.skipped:
        print(f"skipped: {reason}", file=sys.stderr)
    told = f"{done.pictures} pictures, {done.hands} hands"
    print(f"{told}; {len(done.skipped)} pictures skipped, {done.dropped_boxes} boxes outside their picture dropped")
    print(to)
    return 0


def _print_report(report: CheckReport) -> None:
    from rich.console import Console
    from rich.table import Table

    seen: Counter[str] = Counter()
    for finding in report.findings:
        seen[finding.kind] += 1
        if seen[finding.kind] <= SHOWN_OF_A_KIND:
            print(finding)
    for kind, count in seen.items():
        if count > SHOWN_OF_A_KIND:
            print(f"{kind}: {count - SHOWN_OF_A_KIND} more, which --json names")
    table = Table("set", "pictures", "hands", *seen)
    for name, found in report.counts().items():
        counts = (str(found[kind] or "") for kind in seen)
        table.add_row(name, str(report.pictures.get(name, "")), str(report.hands.get(name, "")), *counts)
    Console().print(table)
    print(report.decision)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; name a file in a folder that exists") from error
