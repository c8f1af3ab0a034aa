# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from edge.errors import DependencyError, OutputError
from edge.gpu import kernel_cache, kernel_image
from edge.gpu.kernel_cache import compiled_image, source_folder
from edge.gpu.kernel_image import BuiltImage
from edge.gpu.kernels import KERNELS

JETSON_ORIN, DRIVER_13_0 = (8, 7), 13000
# Writes what it was asked for into the file that follows -o, and counts its calls.
COMPILER = """#!/bin/sh
if [ "$1" = --version ]; then echo "release $RELEASE"; exit; fi
echo call >>"$(dirname "$0")/calls"
while [ "$1" != -o ]; do shift; done
echo "code of $RELEASE" >"$2"
"""


@pytest.fixture
def toolkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a CUDA toolkit whose compiler makes a text; the cache is beside it."""
    folder = tmp_path / "cuda" / "bin"
    folder.mkdir(parents=True)
    (folder / "nvcc").write_text(COMPILER)
    (folder / "nvcc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("RELEASE", "13.2")
    return folder


def calls(toolkit: Path) -> int:
    return len((toolkit / "calls").read_text().splitlines())


def test_kernels_are_compiled_once_for_each_cuda_and_architecture(
    toolkit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compiled_image(JETSON_ORIN) == compiled_image(JETSON_ORIN) == b"code of 13.2\n"
    assert calls(toolkit) == 1
    compiled_image((11, 0))
    assert calls(toolkit) == 2
    monkeypatch.setenv("RELEASE", "13.3")
    assert compiled_image(JETSON_ORIN) == b"code of 13.3\n"
    assert calls(toolkit) == 3


def test_kernels_are_compiled_again_when_their_sources_change(
    toolkit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "native"
    shutil.copytree(source_folder(), copy)
    monkeypatch.setattr(kernel_cache, "source_folder", lambda: copy)
    compiled_image(JETSON_ORIN)
    with (copy / "overlap.hpp").open("a") as file:
        file.write("// more\n")
    compiled_image(JETSON_ORIN)
    assert calls(toolkit) == 2


@pytest.mark.usefixtures("toolkit")
def test_only_its_owner_may_enter_the_cache(tmp_path: Path) -> None:
    compiled_image(JETSON_ORIN)
    folder = tmp_path / "cache" / "edge-hands" / "kernels"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(list(folder.iterdir())) == 1
    folder.chmod(0o755)
    with pytest.raises(OutputError, match=r"open to other users \(mode 755\); kernels are code, so do `chmod 700"):
        compiled_image(JETSON_ORIN)


def test_an_image_that_is_damaged_or_open_to_others_is_compiled_again(toolkit: Path, tmp_path: Path) -> None:
    compiled_image(JETSON_ORIN)
    (path,) = (tmp_path / "cache" / "edge-hands" / "kernels").iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert compiled_image(JETSON_ORIN) == b"code of 13.2\n"
    path.chmod(0o666)
    assert compiled_image(JETSON_ORIN) == b"code of 13.2\n"
    assert calls(toolkit) == 3


@pytest.mark.usefixtures("toolkit")
def test_a_cache_is_closed_where_new_folders_are_open_to_the_group() -> None:
    before = os.umask(0o002)
    try:
        assert compiled_image(JETSON_ORIN) == compiled_image(JETSON_ORIN)
    finally:
        os.umask(before)


@pytest.mark.usefixtures("toolkit")
def test_a_cache_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(OutputError, match="cannot make the folder of kernels"):
        compiled_image(JETSON_ORIN)


@pytest.mark.usefixtures("toolkit")
def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # of whom the system knows nothing
    with pytest.raises(OutputError, match="no home to keep compiled kernels in; set XDG_CACHE_HOME"):
        compiled_image(JETSON_ORIN)


def test_a_compiler_that_fails_leaves_nothing(toolkit: Path, tmp_path: Path) -> None:
    (toolkit / "nvcc").write_text(
        '#!/bin/sh\n[ "$1" = --version ] && exit\necho "unsupported GNU version" >&2\nexit 1\n'
    )
    with pytest.raises(DependencyError, match="sm_87: unsupported GNU version"):
        compiled_image(JETSON_ORIN)
    assert not list((tmp_path / "cache" / "edge-hands" / "kernels").iterdir())


def test_without_a_compiler_one_sentence_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(kernel_image, "built_image", lambda: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(
        DependencyError, match="nvcc, which would compile them, was not found; install the CUDA toolkit"
    ):
        kernel_image.kernel_image(capability=JETSON_ORIN, driver_version=DRIVER_13_0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("capability", "driver", "runs"),
    [
        ((8, 7), 13000, True),
        ((8, 6), 13000, True),  # code of 8.0 runs on 8.6
        ((9, 0), 13000, True),  # by its PTX
        ((9, 0), 12060, False),  # which is newer than the driver
        ((8, 7), 12060, False),
        ((8, 7), 14000, True),
        ((7, 5), 13000, False),
    ],
)
def test_an_image_is_used_where_device_and_driver_understand_it(
    capability: tuple[int, int], driver: int, runs: bool
) -> None:
    assert BuiltImage(Path(), (13, 0), (80, 87), 80).runs_on(capability, driver) is runs


def test_the_image_of_the_package_is_one_where_nvcc_was_found() -> None:
    image = kernel_image.built_image()
    if image is None:
        pytest.skip("the package was installed without nvcc")
    held = image.path.read_bytes()
    assert all(name.encode() in held for name in KERNELS)
    assert image.ptx == min(image.machine_code)


def test_kernels_compile_for_a_jetson_without_a_warning(tmp_path: Path) -> None:
    nvcc = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")
    if nvcc is None:
        pytest.skip("nvcc missing: install the CUDA toolkit, or set PATH to it")
    strict = ("-Werror", "all-warnings", "-Xcompiler", "-Wall,-Wextra")
    paths = ("-o", str(tmp_path / "kernels.cubin"), str(source_folder() / "cuda" / "kernels.cu"))
    command = [nvcc, "-std=c++17", "-O1", "-cubin", "-arch=sm_87", *strict, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
