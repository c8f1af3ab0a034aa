# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from edge.telemetry import Telemetry
from edge.telemetry.jetson_stats import found_from_jtop
from edge.telemetry.readings import FIGURES
from tests.edge.doctor.trees import write_tree
from tests.edge.telemetry.trees import LAPTOP, ORIN_NANO, PC


def test_an_orin_nano_tells_power_heat_and_what_slows_it(tmp_path: Path) -> None:
    now = Telemetry(write_tree(tmp_path, ORIN_NANO)).read()
    assert now.rails_w == pytest.approx({"VDD_IN": 7.165440, "VDD_CPU_GPU_CV": 2.623104, "VDD_SOC": 1.708992})
    assert now.power_w == pytest.approx(7.165440)
    assert now.temperatures_c == {"cpu-thermal": 58.031, "tj-thermal": 61.5}
    assert now.hottest_c == 61.5
    assert now.clocks_mhz == {"cpu0": 1728.0, "cpu10": 729.6, "gpu": 1020.0}
    assert now.throttled_by == ("cpu-throttle-alert",)
    assert (now.throttle_events, now.power_mode) == (7, "25W")
    assert now.sources["power_w"] == "INA monitors"
    assert set(now.unknown) == {"gpu_memory_mb"}


def test_energy_is_the_sum_of_power_over_time(tmp_path: Path) -> None:
    telemetry = Telemetry(write_tree(tmp_path, ORIN_NANO))
    first = telemetry.read()
    (tmp_path / "sys/class/hwmon/hwmon1/curr1_input").write_text("2880\n")
    second = telemetry.read()
    elapsed_s = (second.time_ns - first.time_ns) / 1e9
    assert first.energy_j == 0
    assert second.energy_j == pytest.approx(elapsed_s * 1.5 * 7.165440)


def test_a_board_without_an_input_rail_takes_what_its_rails_do(tmp_path: Path) -> None:
    tree = ORIN_NANO | {"sys/class/hwmon/hwmon1/in1_label": "VDD_GPU_SOC\n"}
    assert Telemetry(write_tree(tmp_path, tree)).read().power_w == pytest.approx(11.497536)


def test_the_counter_of_a_pc_goes_on_where_it_starts_again(tmp_path: Path) -> None:
    telemetry = Telemetry(write_tree(tmp_path, PC))
    first = telemetry.read()
    assert first.power_w is None
    assert first.unknown["power_w"] == "it is known from the second reading on"
    (tmp_path / "sys/class/powercap/intel-rapl:0/energy_uj").write_text("389013\n")
    second = telemetry.read()
    elapsed_s = (second.time_ns - first.time_ns) / 1e9
    assert second.energy_j == pytest.approx(1.0)
    assert second.rails_w == pytest.approx({"package-0": 1.0 / elapsed_s})
    assert second.temperatures_c == {"k10temp Tctl": 44.875}
    assert second.clocks_mhz == {"cpu0": 2445.406, "cpu1": 3100.0}
    assert (second.throttle_events, second.throttled_by) == (4, None)


def test_a_platform_that_counts_its_package_again_is_left_out(tmp_path: Path) -> None:
    telemetry = Telemetry(write_tree(tmp_path, LAPTOP))
    telemetry.read()
    for zone in ("intel-rapl:0", "intel-rapl:1"):
        counter = tmp_path / "sys/class/powercap" / zone / "energy_uj"
        counter.write_text(f"{int(counter.read_text()) + 2_000_000}\n")
    now = telemetry.read()
    assert now.energy_j == pytest.approx(2.0)
    assert set(now.rails_w or ()) == {"package-0"}


def test_a_platform_that_is_the_only_counter_is_told(tmp_path: Path) -> None:
    tree = {path: text for path, text in LAPTOP.items() if "intel-rapl:1" in path}
    telemetry = Telemetry(write_tree(tmp_path, tree))
    telemetry.read()
    assert set(telemetry.read().rails_w or ()) == {"psys"}


@pytest.mark.parametrize("tree", [ORIN_NANO, PC, {}])
def test_what_is_not_known_is_none_with_a_reason_and_never_zero(tree: dict[str, str], tmp_path: Path) -> None:
    telemetry = Telemetry(write_tree(tmp_path, dict.fromkeys(tree, "")))
    for now in (telemetry.read(), telemetry.read()):
        assert {name for name in FIGURES if getattr(now, name) is None} == set(now.unknown)
        assert all(now.unknown.values())
        assert now.power_w is now.energy_j is now.temperatures_c is None


def test_this_machine_gives_each_figure_or_its_reason() -> None:
    with Telemetry() as telemetry:
        telemetry.read()
        now = telemetry.read()
    for name in FIGURES:
        assert (getattr(now, name) is None) == (name in now.unknown)
        assert (name in now.sources) != (name in now.unknown)


def test_what_jetson_stats_tells_has_the_same_units() -> None:
    found = found_from_jtop(
        {"rail": {"VDD_CPU_GPU_CV": {"volt": 4968, "curr": 528, "power": 2623}}, "tot": {"power": 7165}},
        {"cpu": {"temp": 58.03, "online": True}, "cv0": {"temp": -256, "online": False}},
        "25W",
        {"RAM": {"tot": 7802596, "used": 2600000, "shared": 51200}},
    )
    assert (found.rails_w, found.total_w) == ({"VDD_CPU_GPU_CV": 2.623}, 7.165)
    assert (found.temperatures_c, found.power_mode, found.gpu_memory_mb) == ({"cpu": 58.03}, "25W", 50.0)
