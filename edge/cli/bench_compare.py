# SPDX-License-Identifier: Apache-2.0
"""`edge-bench compare`: two reports, figure by figure, and an exit code for CI."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.outcome import EXIT_CODES, exit_code_of

PROGRAM = "edge-bench compare"
REGRESSION_CODE = "    8  worse than --fail-over allows"

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

_FAIL_OVER = typer.Option(metavar="5%", help="Fail where a figure is worse by more, with 95 % confidence.  [never]")


@app.command(epilog=f"{EXIT_CODES}{REGRESSION_CODE}\n")
def compare(
    a: Annotated[Path, typer.Argument(metavar="A.json", help="Report to hold against.")],
    b: Annotated[Path, typer.Argument(metavar="B.json", help="Report that is judged.")],
    *,
    fail_over: Annotated[str | None, _FAIL_OVER] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")] = False,
) -> None:
    """Say how many times as slow and as costly B is as A."""

    def work() -> int:
        return _compare(a, b, None if fail_over is None else _share(fail_over), as_json=as_json)

    raise typer.Exit(exit_code_of(PROGRAM, work))


def _compare(a: Path, b: Path, fail_over: float | None, *, as_json: bool) -> int:
    from edge.bench.compare import compare as ratios_of
    from edge.bench.compare import differences, hindrances
    from edge.bench.report import report_from_file
    from edge.cli.bench_table import print_ratios
    from edge.errors import RegressionError, UsageError

    one, other = report_from_file(a), report_from_file(b)
    ratios, allowed = ratios_of(one, other), fail_over or 0.0
    if as_json:
        rows = [{**asdict(ratio), "verdict": ratio.verdict(allowed)} for ratio in ratios]
        told = {"schema": "edge.bench-comparison/1", "fail_over": fail_over, "ratios": rows}
        print(json.dumps(told | {"differences": differences(one, other)}, allow_nan=False))
    else:
        print_ratios(ratios, differences(one, other), allowed=allowed)
    worse = [f"{ratio.case}: {ratio.figure}" for ratio in ratios if ratio.verdict(allowed) == "worse"]
    if worse and fail_over is not None:
        raise RegressionError(
            f"{b} is worse than {a} by more than {fail_over:.1%}: {'; '.join(worse)}; make it faster, or measure both"
            " again on a machine that does nothing else"
        )
    hindered = hindrances(one, other, ratios) if fail_over is not None else []
    if hindered:
        raise UsageError(
            f"{b} cannot be judged by {a}: {'; '.join(hindered)}; measure the same in both, with the same --seconds"
            " and --rate, 30 seconds or more"
        )
    return 0


def _share(text: str) -> float:
    from edge.errors import UsageError

    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = math.nan
    if not 0 <= share < 10:
        raise UsageError(f"--fail-over must be a share such as 5% or 0.05, got {text!r}")
    return share
