# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from training.log import LOG_STEPS, TrainingLog


def lines(folder: Path) -> list[dict[str, Any]]:
    content = (folder / "metrics.jsonl").read_text(encoding="utf-8")
    # NaN is no JSON, though Python writes it.
    return [json.loads(line, parse_constant=pytest.fail) for line in content.splitlines()]


def test_means_are_written_every_so_many_steps_and_at_the_end(tmp_path: Path) -> None:
    told: list[str] = []
    with TrainingLog(tmp_path, told.append) as log:
        for step in range(1, LOG_STEPS + 4):
            log.add(step, {"loss": float(step)}, pictures=2)
    first, last = lines(tmp_path)
    assert (first["step"], first["kind"]) == (LOG_STEPS, "train")
    assert first["loss"] == pytest.approx((1 + LOG_STEPS) / 2)
    assert (last["step"], last["loss"]) == (LOG_STEPS + 3, LOG_STEPS + 2)
    assert len(told) == 2
    assert told[0].startswith(f"step {LOG_STEPS} train: loss 25.5")


def test_a_figure_that_is_not_finite_leaves_its_mean_alone(tmp_path: Path) -> None:
    with TrainingLog(tmp_path, lambda _: None) as log:
        log.add(1, {"loss": 1.0, "handedness": float("nan"), "never": float("inf")}, pictures=1)
        log.add(2, {"loss": 3.0, "handedness": 4.0, "never": float("nan")}, pictures=1)
    (line,) = lines(tmp_path)
    assert (line["loss"], line["handedness"]) == (2.0, 4.0)
    assert "never" not in line


def test_a_second_run_writes_on(tmp_path: Path) -> None:
    for step in (1, 2):
        with TrainingLog(tmp_path, lambda _: None) as log:
            log.write(step, {"ap": 0.5}, kind="validation")
    assert [line["step"] for line in lines(tmp_path)] == [1, 2]


def test_tensorboard_shows_the_same_figures(tmp_path: Path) -> None:
    with TrainingLog(tmp_path, lambda _: None) as log:
        log.write(7, {"ap": 0.25}, kind="validation")
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    (event,) = events.Scalars("validation/ap")
    assert (event.step, event.value) == (7, 0.25)
