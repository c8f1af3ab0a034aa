# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.service.cooling import Cooling
from edge.service.governor import COOL_FOR_S, SETTLE_S, Governor
from edge.service.pace import Pace
from edge.service.sensors import Condition, sensors_of
from edge.service.settings import CoolingSettings
from edge.telemetry import Telemetry

SETTINGS = CoolingSettings()
LONGEST_REACTION_S = 5.0
COURSE = Path(__file__).with_name("heat_course.csv")

conditions = st.builds(
    Condition,
    temperature_c=st.one_of(st.none(), st.floats(20, 110)),
    throttle_events=st.one_of(st.none(), st.integers(0, 5)),
    throttled_by=st.sampled_from([(), ("cpufreq",)]),
)
courses = st.lists(st.tuples(st.floats(0.1, 20), conditions), min_size=1, max_size=200)


def steps_of(course: list[tuple[float, Condition]]) -> list[tuple[float, int]]:
    """Return time and step after each reading of a course, whose first items are the seconds before it."""
    governor, now_s, steps = Governor(SETTINGS), 100.0, []
    for elapsed_s, condition in course:
        now_s += elapsed_s
        before = governor.step
        assert governor.observe(condition, now_s) is (governor.step != before)
        steps.append((now_s, governor.step))
    return steps


@given(courses)
def test_steps_are_single_within_bounds_and_never_too_soon(course: list[tuple[float, Condition]]) -> None:
    steps = [(100.0, 0), *steps_of(course)]
    assert all(0 <= step <= SETTINGS.most_steps for _, step in steps)
    changes = [(now_s, step - before) for (_, before), (now_s, step) in pairwise(steps) if step != before]
    assert all(abs(change) == 1 for _, change in changes)
    assert all(later_s - now_s >= SETTLE_S for (now_s, _), (later_s, _) in pairwise(changes))


@given(courses)
def test_the_rate_does_not_swing_more_than_once_a_minute(course: list[tuple[float, Condition]]) -> None:
    steps = [(100.0, 0), *steps_of(course)]
    ups = [now_s for (_, before), (now_s, step) in pairwise(steps) if step < before]
    changes = [now_s for (_, before), (now_s, step) in pairwise(steps) if step != before]
    for up_s in ups:
        assert not [now_s for now_s in changes if up_s - COOL_FOR_S < now_s < up_s]


@given(courses, st.integers(0, 4))
def test_a_counter_that_grows_is_answered_in_time(course: list[tuple[float, Condition]], before: int) -> None:
    governor, now_s = Governor(SETTINGS), 0.0
    for elapsed_s, condition in course:
        now_s += elapsed_s
        governor.observe(condition, now_s)
    governor.observe(Condition(throttle_events=before), now_s)
    step, event_s = governor.step, now_s
    while governor.step == step and step < SETTINGS.most_steps and now_s <= event_s + LONGEST_REACTION_S:
        now_s += 0.5
        governor.observe(Condition(throttle_events=before + 1), now_s)
    assert governor.step > step or step == SETTINGS.most_steps
    assert now_s - event_s <= LONGEST_REACTION_S + 0.5


def write_tree(root: Path, temperature_c: float, throttling: int) -> None:
    """Write what the kernel of a Jetson shows."""
    zone, cooling = (root / "sys/class/thermal" / name for name in ("thermal_zone0", "cooling_device0"))
    for folder in (zone, cooling):
        folder.mkdir(parents=True, exist_ok=True)
    (zone / "type").write_text("tj-thermal\n")
    (zone / "temp").write_text(f"{round(temperature_c * 1000)}\n")
    (cooling / "type").write_text("cpu-throttle-alert\n")
    (cooling / "cur_state").write_text(f"{throttling}\n")


def test_a_course_of_heat_is_replayed_through_the_files_of_the_kernel(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        {key: float(value) for key, value in row.items()}
        for row in csv.DictReader(COURSE.read_text("ascii").splitlines())
    ]
    write_tree(tmp_path, 50, 0)
    with Telemetry(tmp_path) as telemetry:
        cooling, steps = Cooling(SETTINGS, sensors_of(telemetry)), []
        for row in rows:
            write_tree(tmp_path, row["temperature_c"], int(row["throttle_state"]))
            cooling.look(row["time_s"])
            steps.append((row["time_s"], cooling.step))
    hot_s = next(row["time_s"] for row in rows if row["temperature_c"] >= SETTINGS.hot_c)
    cool_s = max(row["time_s"] for row in rows if row["temperature_c"] >= SETTINGS.cool_c or row["throttle_state"])
    slowed_s = next(now_s for now_s, step in steps if step)
    assert 0 <= slowed_s - hot_s <= LONGEST_REACTION_S
    freed_s = next(now_s for (_, before), (now_s, step) in pairwise(steps) if step < before)
    assert freed_s - cool_s == pytest.approx(COOL_FOR_S, abs=2)
    assert steps[-1][1] == 0
    assert sum("slows down" in message for message in caplog.messages) >= 2
    assert cooling.status()["temperature_c"] == rows[-1]["temperature_c"]


def test_other_cores_and_modes_are_said(caplog: pytest.LogCaptureFixture) -> None:
    seen = iter([Condition(power_mode="15W", cores=4), Condition(power_mode="25W", cores=6)])
    told: list[int] = []
    cooling = Cooling(SETTINGS, lambda: next(seen), on_cores=lambda: told.append(1))
    cooling.look(0.0)
    cooling.look(1.0)
    assert told == [1]
    assert caplog.messages == ["the power mode is 25W now, not 15W", "6 cores are there now, not 4"]


@pytest.mark.parametrize("step", [0, 1, 2, 3])
def test_a_slowed_pace_takes_a_fraction_of_what_it_took(step: int) -> None:
    pace = Pace()
    taken = [pace.takes(index / 20) for index in range(200)]
    assert all(taken)
    pace.step = step
    slowed = sum(pace.takes(10 + index / 20) for index in range(800))
    assert slowed == pytest.approx(800 / 2**step, rel=0.05)


def test_a_pause_of_the_camera_does_not_change_the_pace() -> None:
    pace = Pace()
    for index in range(100):
        pace.takes(index / 20)
    pace.takes(4000.0)
    pace.step = 1
    assert sum(pace.takes(4000 + index / 20) for index in range(1, 201)) == pytest.approx(100, rel=0.05)


@pytest.mark.parametrize("settings", [{"hot_c": 80.0, "cool_c": 80.0}, {"most_steps": 9}, {"hot_c": float("nan")}])
def test_settings_without_sense_are_refused(settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"cool_c|most_steps|hot_c"):
        CoolingSettings.model_validate(settings)
