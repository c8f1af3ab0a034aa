# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from edge.device import DeviceName
from edge.doctor.access import User
from edge.doctor.checkup import Configuration, examine
from edge.doctor.finding import Finding
from edge.errors import SourceError
from edge.machine.board import find_board
from edge.machine.l4t import jetpack_from_l4t
from tests.edge.doctor.trees import ORIN_JETPACK_7, ORIN_NANO_JETPACK_6, THOR, XAVIER_JETPACK_5, write_tree

NVIDIA = User("nvidia", is_root=False)


def replay(
    root: Path,
    files: dict[str, str],
    user: User = NVIDIA,
    device: DeviceName = DeviceName.auto,
    camera: Path | None = None,
) -> dict[str, Finding]:
    """Return the findings about a tree by their names."""
    configuration = Configuration(device, camera=camera, root=write_tree(root, files), user=user)
    findings = list(examine(configuration))
    assert len({finding.name for finding in findings}) == len(findings)
    assert all((finding.status == "ok") == (finding.remedy is None) for finding in findings)
    return {finding.name: finding for finding in findings}


def test_an_orin_nano_on_jetpack_6_is_told_from_its_files(tmp_path: Path) -> None:
    found = replay(tmp_path, ORIN_NANO_JETPACK_6)
    assert {name: found[name].value for name in ("board", "chip", "Jetson Linux", "operating system")} == {
        "board": "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
        "chip": "tegra234, sm 87",
        "Jetson Linux": "36.4.3, JetPack 6.2",
        "operating system": "Ubuntu 22.04.5 LTS",
    }
    assert found["libnvinfer10"].value == "10.3.0.30-1+cuda12.5"
    assert found["cuda-toolkit-12-6"].value == "12.6.11-1"
    assert found["libcudnn9-cuda-12"].value == "9.3.0.75-1"
    assert found["nvidia-jetpack"].value == "6.2+b77"
    assert found["nodes"].value == "/dev/video0, /dev/video1"
    assert found["memory"].value == "5107 MB free of 7619 MB"
    assert (found["power mode"].value, found["power mode"].status) == ("25W", "note")
    assert "sudo nvpmodel -m 2 runs it at MAXN_SUPER" in (found["power mode"].remedy or "")
    assert not [finding for finding in found.values() if finding.status == "problem"]


def test_an_orin_on_jetpack_7_lacks_a_group_and_python_bindings(tmp_path: Path) -> None:
    found = replay(tmp_path, ORIN_JETPACK_7, device=DeviceName.gpu)
    assert found["Jetson Linux"].value == "39.2.2, JetPack 7.2.2"
    assert (found["power mode"].value, found["power mode"].status) == ("MAXN", "ok")
    assert found["TensorRT for Python"].status == "note"
    assert found["group video"].status == "ok"
    assert found["group render"] == Finding(
        "access",
        "group render",
        "nvidia may not open /dev/dri/renderD128",
        "problem",
        "sudo usermod -aG render nvidia, then log in again",
    )


def test_a_node_that_nothing_configured_needs_is_no_problem(tmp_path: Path) -> None:
    strange, camera = User("stranger", is_root=False), Path("/dev/video1")
    for device, wanted, problems in (
        (DeviceName.auto, None, set()),
        (DeviceName.cpu, camera, {"group video"}),
        (DeviceName.gpu, None, {"group video", "group render"}),
    ):
        found = replay(tmp_path, ORIN_JETPACK_7, strange, device, wanted)
        assert {name for name in ("group video", "group render") if found[name].status == "problem"} == problems
        assert found["group render"].status != "ok"
    files = {name: text for name, text in ORIN_JETPACK_7.items() if not name.startswith("dev/nv")}
    assert replay(tmp_path / "no-gpu", files, strange, DeviceName.gpu)["group video"].status == "note"


def test_a_thor_has_no_camera_and_its_own_chip_and_driver(tmp_path: Path) -> None:
    found = replay(tmp_path, THOR)
    assert (found["chip"].value, found["Jetson Linux"].value) == ("tegra264, sm 110", "38.2.2, JetPack 7.0")
    assert (found["nodes"].value, found["driver"].value) == ("none", "580.00")
    assert found["power mode"].remedy == "sudo nvpmodel -m 0 runs it at MAXN, where power and cooling allow"
    assert found["group render"].status == "ok"


def test_a_board_that_is_too_old_and_too_full_is_told_what_to_do(tmp_path: Path) -> None:
    found = replay(tmp_path, XAVIER_JETPACK_5)
    assert (found["chip"].value, found["Jetson Linux"].value) == ("tegra194, sm 72", "35.4.1, JetPack 5.1.2")
    assert "JetPack 6.1 or newer" in (found["Jetson Linux"].remedy or "")
    assert found["memory"].status == "note"
    assert found["group video"].remedy == "sudo usermod -aG video nvidia, then log in again"
    assert replay(tmp_path, {}, User("root", is_root=True))["group video"].status == "ok"


def test_a_container_that_hides_the_release_is_told(tmp_path: Path) -> None:
    files = {name: text for name, text in ORIN_JETPACK_7.items() if name != "etc/nv_tegra_release"}
    found = replay(tmp_path, files)
    assert (found["board"].value, found["Jetson Linux"].status) == ("NVIDIA Jetson AGX Orin Developer Kit", "note")


@pytest.mark.parametrize("spoiled", sorted(ORIN_NANO_JETPACK_6))
@pytest.mark.parametrize("text", ["", "\0\xff nonsense\n\n:::\n"])
def test_no_file_that_is_spoiled_stops_the_doctor(spoiled: str, text: str, tmp_path: Path) -> None:
    assert "memory" in replay(tmp_path, ORIN_NANO_JETPACK_6 | {spoiled: text})


def test_a_machine_that_is_no_jetson_is_none(tmp_path: Path) -> None:
    assert find_board(tmp_path) is None
    assert replay(tmp_path, {})["board"].value == "no Jetson"
    with pytest.raises(SourceError, match="give the root of a recorded file tree"):
        list(examine(Configuration(root=tmp_path / "nowhere")))


@pytest.mark.parametrize(
    "pair",
    [
        *("32.7.4 4.6.4", "35.2.1 5.1", "35.4.1 5.1.2", "36.3.0 6.0", "36.4.0 6.1", "36.4.3 6.2", "36.4.7 6.2.1"),
        *("36.5.0 6.2.2", "38.2.0 7.0", "38.4.0 7.1", "39.2.0 7.2", "39.2.1 7.2.1", "40.0 None", "36.0 None"),
    ],
)
def test_every_release_has_its_jetpack(pair: str) -> None:
    l4t, jetpack = pair.split()
    assert str(jetpack_from_l4t(l4t)) == jetpack
