# SPDX-License-Identifier: Apache-2.0
"""`edge-export compare`: two files of one model, tensor by tensor and hand by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.workstation import missing_workstation_package

PROGRAM = "edge-export compare"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_FILE = "An ONNX file, or BUNDLE@PRECISION: a shipped model or a bundle's folder.  [@fp32]"


@app.command(epilog=EXIT_CODES)
def compare(
    reference: Annotated[str, typer.Argument(metavar="A", help=_FILE)],
    candidate: Annotated[str, typer.Argument(metavar="B", help=_FILE)],
    *,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="Pictures to compare on.  [rendered scenes]")] = None,
    pictures: Annotated[int, typer.Option(metavar="N", min=1, help="At most this many pictures.")] = 16,
    between: Annotated[
        bool, typer.Option("--between", help="Compare the tensors between inputs and outputs too, and name the first.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Compare what A and B compute: outputs, tensors between them on request, and decoded hands."""

    def work() -> int:
        return _compare(reference, candidate, data, pictures=pictures, between=between, as_json=as_json)

    raise typer.Exit(exit_code_of(PROGRAM, work))


def _compare(a: str, b: str, data: Path | None, *, pictures: int, between: bool, as_json: bool) -> int:
    try:
        from export.compare_files import DEPARTS, file_difference, file_from_name
        from export.pictures import pictures_from_folder, rendered_pictures
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    from rich.console import Console
    from rich.table import Table

    shown = rendered_pictures(most=pictures) if data is None else pictures_from_folder(data, most=pictures)
    difference = file_difference(file_from_name(a), file_from_name(b), shown, between=between)
    if as_json:
        print(json.dumps(difference.to_dict(), allow_nan=False))
        return 0
    table = Table("tensor", "max abs error", "relative", "cosine", title=f"{b} against {a}", title_justify="left")
    for one in (*difference.tensors, *difference.outputs):
        table.add_row(one.output, f"{one.max_abs:.2e}", f"{one.relative:.2%}", f"{one.cosine:.6f}")
    Console().print(table)
    departs = difference.departs
    print(f"no tensor departs by {DEPARTS:.0%}" if departs is None else f"first to depart by {DEPARTS:.0%}: {departs}")
    hands = difference.hands
    print(f"hands: {hands.reference_hands} and {hands.candidate_hands}, {hands.agreeing} agree")
    return 0
