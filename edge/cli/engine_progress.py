# SPDX-License-Identifier: Apache-2.0
"""How far the build of an engine is: a bar where standard error is a terminal, a line at each tenth elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge.cli.outcome import tell
from edge.engines.progress import BuildProgress


@contextmanager
def engine_progress(title: str) -> Iterator[Callable[[BuildProgress], None]]:
    """Yield what is to be called with the progress of building `title`."""
    if not sys.stderr.isatty():
        tell(f"building {title}")
        yield _Tenths(title)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=1.0, left="")
        yield lambda progress: bar.update(task, completed=progress.fraction, left=_left(progress))


class _Tenths:
    def __init__(self, title: str) -> None:
        self._title, self._told = title, 0

    def __call__(self, progress: BuildProgress) -> None:
        tenth = int(progress.fraction * 10)
        # A build of a few seconds needs no lines.
        if tenth > self._told and progress.elapsed_s > 5:
            self._told = tenth
            tell(f"building {self._title}: {10 * tenth} %, {_left(progress)}")


def _left(progress: BuildProgress) -> str:
    return "" if progress.left_s is None else f"about {progress.left_s:.0f} s left"
