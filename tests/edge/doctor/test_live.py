# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pwd
import shutil
from importlib.metadata import metadata
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from edge.bundle.zoo import find_bundle
from edge.doctor import access
from edge.doctor.acceleration import examine_acceleration
from edge.doctor.access import User, examine_access
from edge.doctor.cameras import examine_cameras
from edge.doctor.finding import Finding, finding_from_error
from edge.doctor.libraries import examine_libraries, licence_of
from edge.doctor.models import examine_models
from edge.doctor.runtimes import examine_provider
from edge.errors import DependencyError, EngineError
from edge.machine.gpu import find_gpu
from tests.edge.bundles import classifier_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(classifier_model())
    return path


def test_the_cpu_proves_itself_and_what_is_not_there_does_not(model: Path) -> None:
    proven = examine_provider("CPUExecutionProvider", model)
    assert (proven.status, "runs, and differs from the CPU by" in proven.value) == ("ok", True)
    absent = examine_provider("ROCMExecutionProvider", model)
    assert (absent.status, "cannot run" in absent.value) == ("note", True)
    assert absent.remedy


@pytest.mark.parametrize("numbers_last", [False, True])
def test_a_provider_one_of_whose_results_is_no_number_is_of_no_use(tmp_path: Path, numbers_last: bool) -> None:
    x, roots, numbers = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ("batch", 3)) for name in ("x", "y", "z")
    ]
    outputs = [roots, numbers] if numbers_last else [numbers, roots]
    nodes = [helper.make_node("Sqrt", ["x"], ["y"]), helper.make_node("Neg", ["x"], ["z"])]
    graph = helper.make_graph(nodes, "roots", [x], outputs)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), tmp_path / "roots")
    found = examine_provider("CPUExecutionProvider", tmp_path / "roots")
    assert (found.status, "computes something else than the CPU" in found.value) == ("problem", True)


def test_a_gpu_that_is_needed_and_absent_is_a_problem_with_a_remedy() -> None:
    try:
        find_gpu()
    except DependencyError:
        needed = {finding.name: finding for finding in examine_acceleration("gpu")}
        wished = {finding.name: finding for finding in examine_acceleration("auto")}
        assert (needed["GPU"].status, wished["GPU"].status) == ("problem", "ok")
        assert "NVIDIA" in (needed["GPU"].remedy or "")
    else:
        pytest.skip("this machine has a GPU")


def test_engines_that_cannot_be_trusted_are_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "engines"
    monkeypatch.setenv("EDGE_ENGINES", str(folder))
    assert _engines().value == f"none in {folder}"
    folder.mkdir(mode=0o700)
    assert _engines().value == f"0 in {folder}"
    folder.chmod(0o777)
    assert _engines().status == "problem"
    assert "chmod 700" in _engines().value + str(_engines().remedy)


def test_a_user_without_a_home_is_told_where_engines_may_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EDGE_ENGINES", "CACHE_DIRECTORY", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # as in a container whose user is a bare number
    found = _engines()
    assert (found.status, found.remedy) == ("problem", "name a folder in EDGE_ENGINES")


def test_a_damaged_bundle_is_a_problem_and_the_others_are_still_looked_at(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(find_bundle("gesture-classifier"), tmp_path / "copy"))
    (copy / "model.onnx").write_bytes(b"")
    found = list(examine_models([str(copy), "gesture-classifier", "no-such-model"]))
    assert [finding.status for finding in found] == ["problem", "ok", "problem", "ok"]
    assert "self-test passed" in found[1].value
    assert found[3].value.startswith("weights Apache-2.0; ")


def test_here_it_counts_whether_a_node_can_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = tmp_path / "renderD128"
    monkeypatch.setattr(access, "_NODES", {"render": (f"{tmp_path}/render*"[1:],)})
    node.touch()
    *_, found = examine_access(Path("/"), User("stranger", is_root=False), device="auto", camera=None)
    assert (found.name, found.status) == ("group render", "ok")
    node.unlink()
    node.symlink_to("gone")
    *_, found = examine_access(Path("/"), User("root", is_root=True), device="auto", camera=None)
    assert (found.name, found.status) == ("group render", "note")


def test_a_camera_that_is_wanted_and_absent_is_a_problem() -> None:
    (found,) = [finding for finding in examine_cameras(Path("/dev/video987")) if finding.name == "/dev/video987"]
    assert (found.status, "absent" in found.value) == ("problem", True)


def test_licences_come_from_the_packages_themselves() -> None:
    found = {finding.name: finding.value for finding in examine_libraries()}
    assert found["package numpy"].startswith("BSD")
    assert found["extra workstation"] == "installed"
    assert "not stated" not in found.values()
    assert "Apache" in licence_of(metadata("onnxscript")) or "MIT" in licence_of(metadata("onnxscript"))


def test_an_error_becomes_a_finding_with_what_follows_its_last_semicolon() -> None:
    error = EngineError("it broke; nobody knows why; mend it")
    expected = Finding("a", "b", "it broke; nobody knows why", "problem", "mend it")
    assert finding_from_error("a", "b", error) == expected


def _engines() -> Finding:
    (found,) = [finding for finding in examine_acceleration("auto") if finding.name == "engines"]
    return found
