# SPDX-License-Identifier: Apache-2.0
"""`edge-doctor`: what this machine is, what of it works, and how to mend what does not."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of
from edge.cli.run_words import with_models_repeated
from edge.device import DeviceName

if TYPE_CHECKING:
    from edge.doctor.finding import Finding

PROGRAM = "edge-doctor"
SCHEMA = "edge.doctor/1"
_COLOURS = {"ok": "green", "note": "yellow", "problem": "red"}

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command(epilog=EXIT_CODES)
def doctor(
    *,
    device: Annotated[DeviceName, typer.Option(help="Device that is to run the models.")] = DeviceName.auto,
    models: Annotated[
        list[str] | None, typer.Option(metavar="NAME_OR_BUNDLE ...", help="Models that are to run.  [the shipped ones]")
    ] = None,
    camera: Annotated[Path | None, typer.Option(metavar="/dev/videoN", help="Camera that is to be watched.")] = None,
    root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Recorded file tree of another machine, in place of this one.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Say what this machine is and what works on it; the exit code is 7 when something configured cannot work."""

    def work() -> int:
        from edge.doctor.checkup import Configuration, examine
        from edge.errors import DependencyError

        configuration = Configuration(device, tuple(models or ()), camera, root)
        findings = list(examine(configuration))
        problems = [finding for finding in findings if finding.status == "problem"]
        if json:
            rows = [asdict(finding) for finding in findings]
            print(json_module.dumps({"schema": SCHEMA, "ok": not problems, "findings": rows}, allow_nan=False))
        else:
            _print_table(findings)
        return DependencyError.exit_code if problems else 0

    raise typer.Exit(exit_code_of(PROGRAM, work))


def main() -> None:
    """Run the command and end the process with its exit code."""
    app(with_models_repeated(sys.argv[1:]), prog_name=PROGRAM)


def _print_table(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("topic", "name", "finding", box=None, pad_edge=False)
    topic = ""
    for finding in findings:
        value = Text(finding.value, style="" if finding.status == "ok" else _COLOURS[finding.status])
        table.add_row("" if finding.topic == topic else finding.topic, finding.name, value)
        topic = finding.topic
    Console().print(table)
    for status in ("note", "problem"):
        for finding in findings:
            if finding.status == status:
                print(f"{status}: {finding.name}: {finding.value}; {finding.remedy}")
