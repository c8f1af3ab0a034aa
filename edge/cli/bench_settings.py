# SPDX-License-Identifier: Apache-2.0
"""The options of `edge-bench`, checked against each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.device import DeviceName
from edge.errors import OutputError, UsageError

PROGRAM = "edge-bench"
STANDARD_OUTPUT = Path("-")
PRECISIONS = ("fp32", "fp16", "int8", "all")


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """What to measure, for how long, and where reports go.

    `bundles` are names or folders, each run in `precision`, of which "all" is every one that it has; `rate` None is the
    source's own.

    Raises:
        UsageError: an option has a value that is not allowed, or options do not go together.
        OutputError: a report could not be written where it is to go.
    """

    bundles: tuple[str, ...]
    pipeline: bool
    source: str
    device: DeviceName
    precision: str
    threads: int | None
    seconds: float
    warm_up_s: float
    rate: float | None
    json: Path | None
    html: Path | None
    data: Path | None
    pictures: int

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise UsageError(f"--precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}")
        lowered = self.precision in ("fp16", "int8")
        if lowered and not self.bundles:
            raise UsageError(
                f"--precision is for a BUNDLE, the pipeline runs at fp32; name one that has {self.precision}"
            )
        if lowered and self.device is DeviceName.gpu:
            raise UsageError("a GPU runs models at fp32 here; leave --precision out or use --device cpu")
        for option, path in (("--json", self.json), ("--html", self.html)):
            if path is None or path == STANDARD_OUTPUT:
                continue
            if path.is_dir() or not path.absolute().parent.is_dir():
                raise OutputError(f"{option} {path} must be a file in a folder that exists; make the folder first")
        if self.json is not None and self.json == self.html:
            raise UsageError(f"--json and --html both write {self.json}; give them different files")
