# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.bench.compare import LEAST_PAIRS, compare, differences
from edge.bench.report import BenchReport, json_from_report, report_from_file
from edge.cli import bench_compare
from edge.errors import SourceError, UsageError
from edge.telemetry import Readings
from tests.edge.bench.reports import report_of, times_ms

ALLOWED = 0.05


def run_compare(folder: Path, factor: float, *words: str) -> int:
    """Return the exit code of comparing two runs of the same noise, the second so many times as slow."""
    paths = [folder / "a.json", folder / "b.json"]
    for path, seed, slower in zip(paths, (1, 2), (1.0, factor), strict=True):
        path.write_text(json_from_report(report_of(times_ms(seed), factor=slower)))
    with pytest.raises(SystemExit) as ended:
        bench_compare.app([*map(str, paths), *words], prog_name="edge-bench compare")
    return int(ended.value.code or 0)


@pytest.mark.parametrize("seed", range(6))
def test_two_runs_of_the_same_are_never_worse(seed: int) -> None:
    ratios = compare(report_of(times_ms(seed)), report_of(times_ms(seed + 100)))
    assert len(ratios) == 4
    assert not [ratio for ratio in ratios if ratio.verdict(ALLOWED) != "same"]


@pytest.mark.parametrize("seed", range(6))
def test_a_slowdown_of_a_tenth_is_seen_and_bounded(seed: int) -> None:
    for ratio in compare(report_of(times_ms(seed)), report_of(times_ms(seed + 100), factor=1.1))[:3]:
        assert ratio.low is not None
        assert ratio.high is not None
        assert ratio.low < ratio.ratio < ratio.high
        assert ratio.ratio == pytest.approx(1.1, abs=0.03)
        assert ratio.verdict(ALLOWED) == "worse"
    faster = compare(report_of(times_ms(seed), factor=1.1), report_of(times_ms(seed + 100)))
    assert {ratio.verdict(ALLOWED) for ratio in faster[:3]} == {"better"}


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    held = [
        ratio.low < 1.1 < ratio.high
        for seed in range(0, 200, 2)
        for ratio in compare(report_of(times_ms(seed)), report_of(times_ms(seed + 1), factor=1.1))[:1]
        if ratio.low is not None and ratio.high is not None
    ]
    assert 0.88 < sum(held) / len(held) < 1


def test_few_blocks_tell_no_interval_and_no_verdict() -> None:
    few = LEAST_PAIRS - 1
    ratio = compare(report_of(times_ms(1, blocks=few)), report_of(times_ms(2, blocks=few), factor=2))[0]
    assert (ratio.low, ratio.verdict(ALLOWED)) == (None, "unclear")


def test_the_command_fails_on_a_slowdown_and_names_the_figures(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_compare(tmp_path, 1.0, "--fail-over", "5%") == 0
    assert run_compare(tmp_path, 1.1, "--fail-over", "5%") == 8
    assert "worse than" in capfd.readouterr().err
    assert run_compare(tmp_path, 1.1, "--fail-over", "0.2") == 0
    assert run_compare(tmp_path, 1.1) == 0
    capfd.readouterr()
    assert run_compare(tmp_path, 1.1, "--json", "--fail-over", "5%") == 8
    told = json.loads(capfd.readouterr().out)
    assert {row["verdict"] for row in told["ratios"][:3]} == {"worse"}


def judge(folder: Path, one: BenchReport, other: BenchReport) -> int:
    """Return the exit code of judging the second report by the first."""
    paths = [folder / "a.json", folder / "b.json"]
    for path, report in zip(paths, (one, other), strict=True):
        path.write_text(json_from_report(report))
    with pytest.raises(SystemExit) as ended:
        bench_compare.app([*map(str, paths), "--fail-over", "5%"], prog_name="edge-bench compare")
    return int(ended.value.code or 0)


def test_what_cannot_be_judged_does_not_pass(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, few = report_of(times_ms(1)), report_of(times_ms(1, blocks=LEAST_PAIRS - 1))
    more = one.model_copy(update={"cases": (*one.cases, one.cases[0].model_copy(update={"name": "other"}))})
    assert judge(tmp_path, more, more) == 0
    assert judge(tmp_path, one, more) == 0
    slower = report_of(times_ms(2, blocks=LEAST_PAIRS - 1), factor=10)
    for a, b, told in (
        (few, slower, "has fewer than 6 blocks"),
        (more, one, "other fp32 on cpu is missing in B"),
        (one, one.model_copy(update={"seconds": 60.0}), "A's loops took 30 s, B's 60 s"),
        (
            one,
            changed(one, paced=one.cases[0].closed.model_copy(update={"rate_fps": 60.0})),
            "30 FPS in A, 60 FPS in B",
        ),
    ):
        capfd.readouterr()
        assert judge(tmp_path, a, b) == 2
        lines = capfd.readouterr().err.strip().splitlines()
        assert len(lines) == 1
        assert told in lines[0]


def changed(report: BenchReport, **fields: object) -> BenchReport:
    """Return a report whose only case has other fields."""
    return report.model_copy(update={"cases": (report.cases[0].model_copy(update=fields),)})


def test_more_drops_are_worse(tmp_path: Path) -> None:
    one = report_of(times_ms(1))
    paced = one.cases[0].paced
    assert paced is not None
    for drops, code in ((3, 0), (100, 0), (500, 8), (10**6, 8)):
        other = changed(one, paced=paced.model_copy(update={"dropped": {"not fetched in time": drops}}))
        assert judge(tmp_path, one, other) == code


@pytest.mark.parametrize("share", ["five", "-1%", "nan", "2000%"])
def test_a_share_that_is_none_is_refused(share: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_compare(tmp_path, 1.0, f"--fail-over={share}") == 2
    assert "must be a share such as 5% or 0.05" in capfd.readouterr().err


def test_reports_come_back_as_they_were_written(tmp_path: Path) -> None:
    report, path = report_of(times_ms(1)), tmp_path / "a.json"
    path.write_text(json_from_report(report))
    assert report_from_file(path) == report


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "edge.bench/2"}'])
def test_a_file_that_is_no_report_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(SourceError, match="is no report of this edge-bench"):
        report_from_file(path)
    with pytest.raises(SourceError, match="cannot be read"):
        report_from_file(tmp_path / "none.json")


def test_what_else_differs_is_told() -> None:
    one = report_of(times_ms(1))
    throttled = [Readings(0, throttle_events=1), Readings(10**9, throttle_events=3)]
    other = report_of(times_ms(2), readings=throttled).model_copy(update={"versions": {"edge-hands": "0.2.0"}})
    assert differences(one, one) == []
    assert differences(one, other) == [
        "version of edge-hands: 0.1.0 in A, 0.2.0 in B",
        "pipeline fp32 on cpu: the machine was throttled in B",
    ]


def test_what_was_measured_otherwise_is_told() -> None:
    one = report_of(times_ms(1))
    other = changed(one, threads=4, models={"hand-detector": "2.0.0"}, hands_a_frame=1.0)
    other = other.model_copy(update={"seconds": 1.0, "picture_wh": (320, 240)})
    assert differences(one, other) == [
        "picture: (640, 480) in A, (320, 240) in B",
        "seconds a loop: 30.0 in A, 1.0 in B",
        "pipeline fp32 on cpu: threads: 2 in A, 4 in B",
        "pipeline fp32 on cpu: models: hand-detector 1.0.0 in A, hand-detector 2.0.0 in B",
        "pipeline fp32 on cpu: hands a frame: 2.00 in A, 1.00 in B",
    ]
    assert differences(one, changed(one, hands_a_frame=2.01)) == []


def test_reports_of_other_things_have_no_ratio() -> None:
    one = report_of(times_ms(1))
    renamed = one.model_copy(update={"cases": (one.cases[0].model_copy(update={"name": "other"}),)})
    with pytest.raises(UsageError, match="nothing in common"):
        compare(one, renamed)
