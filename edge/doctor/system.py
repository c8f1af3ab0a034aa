# SPDX-License-Identifier: Apache-2.0
"""The board and its system, as far as files tell: these may be another machine's, recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from edge.doctor.finding import Finding
from edge.machine.board import Board, find_board
from edge.machine.memory import available_mb, total_mb
from edge.machine.packages import debian_packages

_LEAST_L4T = (36, 4)
_LEAST_FREE_MB = 500
_OS_NAME = re.compile(r'^PRETTY_NAME="?([^"\n]*)', re.MULTILINE)
_DRIVER = re.compile(r"Kernel Module(?: for \S+)?\s+([\d.]+)")
_PACKAGES = ("cuda-toolkit", "libcudnn", "libnvinfer", "python3-libnvinfer", "nvidia-jetpack")


def examine_system(root: Path) -> Iterator[Finding]:
    """Yield what the file system under `root` tells of its machine."""
    system = _OS_NAME.search(_text(root / "etc/os-release"))
    yield Finding("system", "operating system", system[1] if system else "unknown")
    board = find_board(root)
    if board is None:
        yield Finding("system", "board", "no Jetson")
    else:
        yield from _board(board)
    driver = _DRIVER.search(_text(root / "proc/driver/nvidia/version"))
    if driver:
        yield Finding("system", "driver", driver[1])
    yield from _packages(debian_packages(root), is_jetson=board is not None)
    yield _memory(root)


def _board(board: Board) -> Iterator[Finding]:
    yield Finding("system", "board", board.model)
    yield Finding("system", "chip", f"{board.soc or 'unknown'}, sm {board.sm or 'unknown'}")
    if board.l4t is None:
        yield Finding(
            "system",
            "Jetson Linux",
            "its release file is not there",
            "note",
            "mount /etc/nv_tegra_release into the container: engines are bound to the release",
        )
    else:
        told = f"{board.l4t}, JetPack {board.jetpack or 'unknown'}"
        if tuple(int(part) for part in board.l4t.split(".")[:2]) < _LEAST_L4T:
            remedy = "install JetPack 6.1 or newer: its TensorRT is the first with what engines need"
            yield Finding("system", "Jetson Linux", told, "note", remedy)
        else:
            yield Finding("system", "Jetson Linux", told)
    yield _power(board)


def _power(board: Board) -> Finding:
    if board.power_mode is None:
        return Finding("system", "power mode", "unknown")
    name = board.power_modes.get(board.power_mode, str(board.power_mode))
    fastest = next((number for number, mode in board.power_modes.items() if mode.startswith("MAXN")), None)
    if fastest is None or name.startswith("MAXN"):
        return Finding("system", "power mode", name)
    remedy = f"sudo nvpmodel -m {fastest} runs it at {board.power_modes[fastest]}, where power and cooling allow"
    return Finding("system", "power mode", name, "note", remedy)


def _packages(installed: dict[str, str], *, is_jetson: bool) -> Iterator[Finding]:
    for prefix in _PACKAGES:
        names = sorted(name for name in installed if re.fullmatch(rf"{prefix}[\d.-]*(-cuda-\d+)?", name))
        if names:
            yield Finding("system", names[-1], installed[names[-1]])
    if is_jetson and "python3-libnvinfer" not in installed:
        remedy = "sudo apt install python3-libnvinfer, and make the environment with --system-site-packages"
        yield Finding("system", "TensorRT for Python", "not installed", "note", remedy)


def _memory(root: Path) -> Finding:
    free_mb, all_mb = available_mb(root), total_mb(root)
    if free_mb is None:
        return Finding("system", "memory", "unknown")
    told = f"{free_mb} MB free of {all_mb} MB"
    if free_mb >= _LEAST_FREE_MB:
        return Finding("system", "memory", told)
    return Finding("system", "memory", told, "note", f"stop other programs: building engines needs {_LEAST_FREE_MB} MB")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
