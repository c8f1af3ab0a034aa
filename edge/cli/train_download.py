# SPDX-License-Identifier: Apache-2.0
"""`edge-train data download`: fetch published data sets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.outcome import exit_code_of, tell
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package
from edge.errors import UsageError

PROGRAM = "edge-train data"
SYSTEMS = ("hagrid",)


def download(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="hagrid.")],
    more: Annotated[list[str] | None, typer.Argument(metavar="[GESTURE]...", help="Further --targets.")] = None,
    *,
    to: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the archives.")],
    annotations: Annotated[bool, typer.Option("--annotations", help="Fetch the annotations.")] = False,
    dataset: Annotated[bool, typer.Option("--dataset", help="Fetch the pictures.")] = False,
    targets: Annotated[
        list[str] | None, typer.Option(metavar="GESTURE...", help="Gestures to train on.  [all]")
    ] = None,
    train: Annotated[bool, typer.Option("--train", help="What is to train on; where no other part is named.")] = False,
    test: Annotated[bool, typer.Option("--test", help="What is to test on (version 1).")] = False,
    subset: Annotated[bool, typer.Option("--subset", help="100 pictures of each gesture (version 1).")] = False,
    light: Annotated[bool, typer.Option("--light", help="All pictures, of 512 pixels (version 2).")] = False,
    version: Annotated[int, typer.Option(min=1, max=2, help="Version of HaGRID.")] = 1,
    mirror: Annotated[
        str | None, typer.Option(metavar="URL", help="A folder with the archives.  [where their makers keep them]")
    ] = None,
) -> None:
    """Fetch the archives of SYSTEM into DIR; the same command goes on where it stopped."""
    flags = {"train": train, "test": test, "subset": subset, "light": light}
    work = partial(
        _download,
        system,
        to,
        version=version,
        parts=[name for name, wanted in flags.items() if wanted] or ["train"],
        targets=[*(targets or []), *(more or [])],
        annotations=annotations,
        dataset=dataset,
        mirror=mirror,
    )
    raise typer.Exit(exit_code_of(PROGRAM, work))


def _download(
    system: str,
    to: Path,
    *,
    version: int,
    parts: list[str],
    targets: list[str],
    annotations: bool,
    dataset: bool,
    mirror: str | None,
) -> int:
    if system not in SYSTEMS:
        raise UsageError(f"there is no data set {system!r} to download; choose one of {', '.join(SYSTEMS)}")
    try:
        from training.download.archive import fetch_archive
        from training.download.hagrid import hagrid_archives
    except ModuleNotFoundError as error:
        raise missing_workstation_package(PROGRAM, error) from error
    addresses = hagrid_archives(version, parts, targets, annotations=annotations, dataset=dataset, mirror=mirror)
    if targets and "train" not in parts:
        tell(f"{PROGRAM}: --targets choose from --train alone; the other parts have all gestures in one archive")
    with leaving_on_termination():
        for address in addresses:
            path = to / address.rsplit("/", 1)[-1]
            with _shown(path.name) as progress:
                is_new = fetch_archive(address, path, progress=progress)
            if not is_new:
                tell(f"{path} is there already")
            print(path)
    return 0


@contextmanager
def _shown(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Yield what hears how many bytes are there, and shows it where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
