# SPDX-License-Identifier: Apache-2.0
"""The C++ core, compiled for the processor of a Jetson and run on an emulated one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

CROSS_COMPILER, EMULATOR = "aarch64-linux-gnu-g++", "qemu-aarch64"
CORE = ("box", "kernels", "kernels_portable", "oblique", "rows", "separable", "taps", "warp")
FLAGS = ("-std=c++17", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-static")


def built(compiler: str, folder: Path, repo_root: Path, *, files: tuple[str, ...], flags: tuple[str, ...] = ()) -> Path:
    """Return the program that prints hashes of warped pictures, compiled by `compiler` in `folder`."""
    native, program = repo_root / "edge" / "native", folder / compiler
    sources = [str(native / f"{name}.cpp") for name in files]
    command = [compiler, *FLAGS, *flags, f"-I{native}", *sources, str(Path(__file__).parent / "warp_bits.cpp")]
    subprocess.run([*command, "-pthread", "-o", str(program)], check=True)
    return program


def hashes(*command: str | Path) -> dict[str, list[str]]:
    """Return the hashes that a program prints, a list for each table of kernels."""
    found: dict[str, list[str]] = {}
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        name, value = line.split()
        found.setdefault(name, []).append(value)
    return found


def test_neon_gives_the_bits_of_other_processors(tmp_path: Path, repo_root: Path) -> None:
    missing = [tool for tool in (CROSS_COMPILER, EMULATOR) if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} missing: apt-get install g++-aarch64-linux-gnu qemu-user")
    here = hashes(built("c++", tmp_path, repo_root, files=CORE))
    there = hashes(
        EMULATOR,
        built(CROSS_COMPILER, tmp_path, repo_root, files=(*CORE, "kernels_neon"), flags=("-DEDGE_NEON_KERNELS",)),
    )
    assert set(there) == {"portable", "neon"}
    assert len(set(here["portable"])) == len(here["portable"]) > 5
    assert there["portable"] == here["portable"]
    assert there["neon"] == here["portable"]
