# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from edge.bench.html import html_from_report
from edge.bench.loop import machine_figures
from edge.bench.report import report_from_file
from edge.bench.reservoir import KEPT, Reservoir
from edge.bench.ring import RingSource, ring_from_source
from edge.bench.subject import ModelSubject, hands_for
from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.telemetry import Readings
from tests.edge.bench.reports import report_of, times_ms

SCENE = "test:hands?seconds=0.2&width=160&height=120"


def run_bench(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-c", "from edge.cli.bench import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder of the reports of a short real run, and what was printed."""
    folder = tmp_path_factory.mktemp("bench")
    done = run_bench(
        *("gesture-classifier", "--pipeline", "--seconds", "1", "--warmup", "0", "--source", SCENE, "--device", "cpu"),
        *("--rate", "20", "--json", str(folder / "a.json"), "--html", str(folder / "a.html")),
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_a_real_run_counts_what_it_measured(measured: tuple[Path, str]) -> None:
    report = report_from_file(measured[0] / "a.json")
    assert [(case.name, case.kind) for case in report.cases] == [
        ("pipeline", "pipeline"),
        ("gesture-classifier", "model"),
    ]
    for case in report.cases:
        for loop in (case.closed, case.paced):
            assert loop is not None
            assert loop.seconds == pytest.approx(1, abs=0.7)
            assert loop.frames == loop.time_ms.count == sum(loop.time_ms.counts)
            assert loop.fps == pytest.approx(loop.frames / loop.seconds)
            assert (
                loop.time_ms.p50 <= loop.time_ms.p90 <= loop.time_ms.p95 <= loop.time_ms.p99 <= loop.time_ms.max * 1.001
            )
            assert 0 < loop.cpu_ms < 1e3 * loop.seconds
            assert "infer" in loop.stages_ms
            assert set(loop.machine.unknown) | set(loop.machine.sources)
        assert case.paced is not None
        assert case.paced.fps < 21
        assert case.start.first_result_s > case.start.load_s > 0
        assert case.hands_a_frame > 0.5


def test_loading_a_model_does_not_include_finding_its_hands(monkeypatch: pytest.MonkeyPatch) -> None:
    frames, _ = ring_from_source(SCENE)
    bundle = Bundle.open(find_bundle("gesture-classifier"))
    hands = hands_for([bundle], frames)
    assert all(len(found) for found in hands)
    monkeypatch.setattr("edge.bench.subject.tasks_from_models", None)
    with closing(ModelSubject(bundle, "fp32", frames, hands, device="cpu", threads=None)) as subject:
        assert subject.show(frames[1]).hands == len(hands[1])
    detector = Bundle.open(find_bundle("hand-detector"))
    assert [len(found) for found in hands_for([detector], frames)] == [0] * len(frames)


def test_the_table_names_every_loop(measured: tuple[Path, str]) -> None:
    for text in ("closed loop", "at 20 FPS", "gesture-classifier fp32", "ms by stage: preprocess"):
        assert text in measured[1]


def test_a_second_is_enough_to_pass_and_to_fail(measured: tuple[Path, str]) -> None:
    path = measured[0] / "a.json"
    assert run_bench("compare", str(path), str(path), "--fail-over", "0").returncode == 0
    slow, told = measured[0] / "slow.json", json.loads(path.read_text(encoding="utf-8"))
    for case in told["cases"]:
        for block in case["closed"]["blocks"]:
            block["seconds"] *= 10
    slow.write_text(json.dumps(told), encoding="utf-8")
    assert run_bench("compare", str(path), str(slow), "--fail-over", "5%").returncode == 8


def test_the_page_needs_nothing_else_and_its_charts_are_sound(measured: tuple[Path, str]) -> None:
    page = (measured[0] / "a.html").read_text(encoding="utf-8")
    assert not [word for word in ("http", "<script", "src=", "@import") if word in page]
    charts = page.count("<svg")
    assert charts >= 10
    for part in page.split("<svg")[1:]:
        chart = ET.fromstring("<svg" + part.partition("</svg>")[0] + "</svg>")  # noqa: S314 - made just now
        assert "nan" not in ET.tostring(chart, encoding="unicode")


def test_power_and_heat_are_on_the_page_where_they_are_known() -> None:
    known = [
        Readings(
            second * 10**9,
            power_w=7.0,
            energy_j=7.0 * second,
            temperatures_c={"tj": 50.0 + second},
            clocks_mhz={"gpu": 1020.0},
            throttled_by=(),
            throttle_events=2 * second,
            sources={"energy_j": "INA monitors", "temperatures_c": "thermal zones"},
        )
        for second in range(3)
    ]
    figures = machine_figures(known, frames=100)
    assert (figures.power_w, figures.energy_mj, figures.hottest_c) == (7.0, 140.0, 52.0)
    assert (figures.throttle_events, figures.throttled_by, figures.clocks_mhz) == (4, (), {"gpu": 1020.0})
    page = html_from_report(report_of(times_ms(1), readings=known))
    for text in ("energy a frame", "INA monitors", "Power", "Hottest zone", "52.0 °C", "throttled"):
        assert text in page
    assert "Not known on this machine" in html_from_report(report_of(times_ms(1)))


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--precision", "fp8"), 2, "--precision must be one of fp32, fp16, int8, all"),
        (("--precision", "int8"), 2, "the pipeline runs at fp32"),
        (("hand-detector", "--precision", "int8"), 2, "hand-detector has no int8, it has fp32"),
        (("hand-detectr",), 2, "did you mean 'hand-detector'"),
        (("--json", "/nowhere/a.json"), 6, "must be a file in a folder that exists"),
        (("--source", "none.mp4"), 3, "none.mp4"),
        (("gesture-classifier", "--source", f"{SCENE}&hands=0"), 3, "give a --source that shows hands"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(words: tuple[str, ...], code: int, told: str) -> None:
    done = run_bench("--source", SCENE, "--seconds", "1", *words)
    assert done.returncode == code
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_ring_goes_there_and_back() -> None:
    frames, fps = ring_from_source(SCENE)
    assert (len(frames), fps) == (6, 30.0)
    source = RingSource(frames, fps=fps, paced=False)
    shown = source.frames()
    numbers = {id(frame.pixels): number for number, frame in enumerate(frames)}
    seen = [next(shown) for _ in range(12)]
    assert [numbers[id(frame.pixels)] for frame in seen] == [0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0, 1]
    assert [frame.index for frame in seen] == list(range(12))
    assert seen[11].media_time_s == pytest.approx(11 / fps)


def test_a_paced_ring_drops_what_nobody_fetched_in_time() -> None:
    frames, _ = ring_from_source(SCENE)
    source = RingSource(frames, fps=100, paced=True)
    shown = source.frames()
    first = next(shown)
    time.sleep(0.055)
    later = next(shown)
    assert first.index == 0
    assert later.index >= 5
    assert source.dropped == {"not fetched in time": later.index - 1}
    assert later.time_ns == source.captured_ns(later.index) <= time.monotonic_ns()
    source.close()
    assert next(shown, None) is None


def test_a_reservoir_is_fair_to_the_early_and_the_late() -> None:
    reservoir = Reservoir()
    count = 2 * KEPT
    for number in range(count):
        reservoir.add(float(number))
    told = reservoir.distribution()
    assert (told.count, told.max, told.mean) == (count, count - 1, (count - 1) / 2)
    assert told.p50 == pytest.approx(count / 2, rel=0.02)
    assert told.p99 == pytest.approx(count * 0.99, rel=0.01)


def test_the_commands_tell_their_options_at_once() -> None:
    for words in (("--help",), ("compare", "--help"), ("models", "--help")):
        done = run_bench(*words)
        assert done.returncode == 0
        assert "Exit codes" in done.stdout


def test_standard_output_takes_the_report_alone() -> None:
    done = run_bench("hand-detector", "--seconds", "1", "--warmup", "0", "--source", SCENE, "--json", "-")
    assert json.loads(done.stdout)["schema"] == "edge.bench/1"
