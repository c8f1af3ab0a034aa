# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ast
import configparser
import importlib.metadata
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

WORKSTATION = {"benchmarks", "calibration", "export", "training"}
HEAVY = {"cv2", "matplotlib", "numpy", "onnx", "onnxruntime", "pydantic", "torch", "yaml"}
# The console scripts of the checkout are declared by the wheel and say in one line that the checkout is missing.
DOORS_TO_THE_CHECKOUT = ("cli/bench_accuracy.py", "cli/calibrate.py", "cli/export*.py", "cli/train*.py")


@pytest.fixture(scope="session")
def wheel(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    quick = "--config-settings=cmake.define.EDGE_CUDA_ARCHITECTURES=87"
    subprocess.run([*command, quick, "--wheel-dir", folder, repo_root], check=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run_from_wheel(installed: Path, code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `code` with the unpacked wheel in front; -S keeps the editable install of the checkout out."""
    paths = [str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    script = f"import sys; sys.path[:0] = {paths!r}\n{code}"
    command = [sys.executable, "-S", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def test_wheel_holds_only_the_device_package(wheel: Path, repo_root: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0].split("-")[0] for name in names} == {"edge", "edge_hands"}
    kernels = {name for name in names if name.startswith("edge/gpu/source/")}
    assert not [name for name in names - kernels if name.endswith((".cpp", ".hpp", ".cu", ".cuh", ".pt"))]
    assert {"edge/py.typed", "edge/_native.pyi", "edge/schemas/frame-1.schema.json"} <= names
    assert [name for name in names if name.startswith("edge/_native.") and not name.endswith(".pyi")]
    sources = {path.relative_to(repo_root).as_posix() for path in (repo_root / "edge").rglob("*.py")}
    assert sources == {name for name in names if name.endswith(".py")}


def test_wheel_holds_all_that_kernels_are_compiled_of(installed: Path, tmp_path: Path) -> None:
    source = installed / "edge" / "gpu" / "source" / "cuda" / "kernels.cu"
    names = {line.split('"')[1] for path in source.parent.iterdir() for line in includes_of(path)}
    assert len(names) > 10
    assert not [name for name in names if not (source.parent / name).is_file()]
    shared = {line.split('"')[1] for path in source.parent.parent.glob("*.hpp") for line in includes_of(path)}
    assert not [name for name in shared if not (source.parent.parent / name).is_file()]
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if nvcc is None:
        return
    assert (installed / "edge" / "gpu" / "kernels.fatbin").stat().st_size > 0
    paths = ["-o", str(tmp_path / "kernels.ptx"), str(source)]
    subprocess.run([nvcc, "-std=c++17", "-ptx", "-arch=compute_87", *paths], check=True)


def includes_of(path: Path) -> list[str]:
    """Return the lines of a source that include another of ours."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith('#include "')]


def test_wheel_holds_every_shipped_bundle(wheel: Path, repo_root: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    bundles = list((repo_root / "edge" / "zoo").glob("*/bundle.json"))
    assert {bundle.parent.name for bundle in bundles} >= {
        "gesture-classifier",
        "hand-detector",
        "hand-grasp",
        "hand-keypoints",
        "hand-pose",
        "hand-segmenter",
    }
    for bundle in bundles:
        shipped = {path.relative_to(repo_root).as_posix() for path in bundle.parent.rglob("*") if path.is_file()}
        assert shipped <= names


def test_wheel_works_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = "import edge; print(edge.__file__); print(edge.load('hand-detector'))"
    done = run_from_wheel(installed, code, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))


@pytest.mark.parametrize("script", ["train", "export"])
def test_script_of_the_checkout_says_that_it_is_missing(installed: Path, tmp_path: Path, script: str) -> None:
    code = f"sys.argv = ['edge-{script}', 'anything.pt']; from edge.cli.{script} import main; main()"
    done = run_from_wheel(installed, code, tmp_path)
    assert done.returncode == 7, done.stderr
    assert "checkout" in done.stderr
    assert "Traceback" not in done.stderr


def test_console_scripts_exist_and_explain_themselves(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (declared,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        entries = configparser.ConfigParser()
        entries.read_string(archive.read(declared).decode())
    scripts = list(entries["console_scripts"])
    assert set(scripts) >= {"edge-bench", "edge-doctor", "edge-run", "edge-export", "edge-train"}
    for script in scripts:
        path = Path(sysconfig.get_path("scripts")) / script
        done = subprocess.run([path, "--help"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "Usage" in done.stdout


@pytest.mark.parametrize("script", ["doctor", "run", "export", "train"])
def test_help_needs_nothing_heavy(script: str) -> None:
    code = f"""
import sys
from edge.cli.{script} import main
sys.argv = ["edge-{script}", "--help"]
try:
    main()
except SystemExit:
    print(*sorted({{name.partition('.')[0] for name in sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "edge" in loaded
    assert not loaded & HEAVY


def imported_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_the_device_package_imports_nothing_of_the_workstation(repo_root: Path) -> None:
    package = repo_root / "edge"
    doors = {path for pattern in DOORS_TO_THE_CHECKOUT for path in package.glob(pattern)}
    files = [path for path in package.rglob("*.py") if path not in doors]
    assert files
    for path in files:
        assert not set(imported_names(ast.parse(path.read_text(encoding="utf-8")))) & WORKSTATION, path


def test_changelog_begins_with_the_version_of_the_package(repo_root: Path) -> None:
    changelog = (repo_root / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = [line.split("]")[0][4:] for line in changelog.splitlines() if line.startswith("## [")]
    released = [version for version in versions if version != "Unreleased"]
    assert released[0] == importlib.metadata.version("edge-hands")
