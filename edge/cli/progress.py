# SPDX-License-Identifier: Apache-2.0
"""A progress bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from edge.results import FrameResult
from edge.sinks.rate import Rate

_REFRESH_HZ = 5


def with_progress(results: Iterable[FrameResult], *, total: int | None) -> Iterator[FrameResult]:
    """Yield the results, showing how many of `total` there were and how fast; shows nothing outside a terminal."""
    if not sys.stderr.isatty():
        yield from results
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[fps]:5.1f} FPS  {task.fields[hands]} hands"),
        TimeRemainingColumn(),
    )
    rate = Rate()
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=_REFRESH_HZ) as progress:
        task = progress.add_task("frames", total=total, fps=0.0, hands=0)
        for result in results:
            progress.update(task, advance=1, fps=rate.tick() or 0.0, hands=len(result.hands))
            yield result
