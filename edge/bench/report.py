# SPDX-License-Identifier: Apache-2.0
"""`BenchReport`: the file that `edge-bench --json` writes and `edge-bench compare` reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from edge.errors import SourceError
from edge.strict_model import StrictModel, first_problem

MAX_REPORT_BYTES = 64 * 2**20


class Distribution(StrictModel):
    """Milliseconds of `count` events: their mean, percentiles and largest, and how many fell between `edges_ms`."""

    count: int = Field(ge=1)
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float
    edges_ms: tuple[float, ...]
    counts: tuple[int, ...]


class Block(StrictModel):
    """A stretch of a loop: frames that came out of it in `seconds`, their median time, CPU time a frame."""

    start_s: float
    seconds: float = Field(gt=0)
    frames: int = Field(ge=1)
    p50_ms: float
    cpu_ms: float = Field(ge=0)

    @property
    def fps(self) -> float:
        """Frames a second."""
        return self.frames / self.seconds


class TelemetrySample(StrictModel):
    """The machine at one time of a loop."""

    time_s: float
    power_w: float | None
    hottest_c: float | None
    clock_mhz: float | None


class MachineFigures(StrictModel):
    """What a loop took of the machine; None stands for what is not known, and `unknown` has the reason.

    `power_w` is the mean over the loop, `energy_mj` millijoules a frame, `clocks_mhz` means by processor,
    `throttle_events` those during the loop, `throttled_by` all that held clocks down at some time of it.
    """

    power_w: float | None
    energy_mj: float | None
    hottest_c: float | None
    clocks_mhz: dict[str, float] | None
    throttled_by: tuple[str, ...] | None
    throttle_events: int | None
    power_mode: str | None
    gpu_memory_mb: float | None
    series: tuple[TelemetrySample, ...]
    unknown: dict[str, str]
    sources: dict[str, str]


class Loop(StrictModel):
    """One way of feeding frames.

    `rate_fps` None is the closed loop: the next frame is there whenever one is asked for, and `time_ms` is the time at
    work on a frame, without waiting. Otherwise frames come at this rate as from a camera, and `time_ms` runs from the
    capture of a frame to its result in order.
    """

    rate_fps: float | None
    seconds: float = Field(gt=0)
    frames: int = Field(ge=1)
    fps: float
    time_ms: Distribution
    stages_ms: dict[str, Distribution]
    dropped: dict[str, int]
    cpu_ms: float = Field(ge=0)
    thread_cpu_ms: dict[str, float]
    resident_mb: int | None
    blocks: tuple[Block, ...]
    machine: MachineFigures


class Start(StrictModel):
    """How a case came up: seconds until it was loaded and until its first result, and work on its first frames."""

    load_s: float
    first_result_s: float
    first_frames_ms: tuple[float, ...]


class Accuracy(StrictModel):
    """A figure on labelled pictures."""

    model: str
    metric: str
    value: float
    pictures: int
    hands: int


class Case(StrictModel):
    """One thing that was measured: the pipeline, or a model by itself."""

    name: str
    kind: Literal["pipeline", "model"]
    models: dict[str, str]
    precision: Literal["fp32", "fp16", "int8"]
    device: str
    device_reason: str
    threads: int
    hands_a_frame: float
    start: Start
    closed: Loop
    paced: Loop | None
    engines: dict[str, dict[str, Any]] = Field(default_factory=dict)
    accuracy: tuple[Accuracy, ...] = ()


class MachineCard(StrictModel):
    """What the figures belong to."""

    processor: str
    cores: int
    memory_mb: int | None
    system: str
    kernel: str
    board: str | None
    jetpack: str | None
    power_mode: str | None
    gpu: str | None


class BenchReport(StrictModel):
    """Everything of one call; `measured` is UTC in ISO 8601."""

    schema_name: Literal["edge.bench/1"] = Field(default="edge.bench/1", alias="schema")
    measured: str
    machine: MachineCard
    versions: dict[str, str]
    source: str
    picture_wh: tuple[int, int]
    seconds: float
    warm_up_s: float
    cases: tuple[Case, ...] = Field(min_length=1)


def report_from_file(path: Path) -> BenchReport:
    """Read a report. Raises `SourceError` for a file that is none."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_REPORT_BYTES + 1)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; give a file of edge-bench --json") from error
    if len(raw) > MAX_REPORT_BYTES:
        raise SourceError(f"{path} is larger than {MAX_REPORT_BYTES} bytes; give a file of edge-bench --json")
    try:
        return BenchReport.model_validate_json(raw)
    except ValidationError as error:
        told = first_problem(error)
        raise SourceError(
            f"{path} is no report of this edge-bench, {told}; give a file of edge-bench --json"
        ) from error


def json_from_report(report: BenchReport) -> str:
    """Return a report as a file."""
    return report.model_dump_json(by_alias=True, indent=1) + "\n"
