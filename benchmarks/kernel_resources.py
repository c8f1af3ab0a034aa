# SPDX-License-Identifier: Apache-2.0
"""Registers, spills and shared memory of each kernel: `python -m benchmarks.kernel_resources --output FILE`."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.gpu.kernel_cache import nvcc, source_folder
from edge.gpu.kernels import KERNELS

ARCHITECTURES = (80, 87, 90, 110)
_SPILLS = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
_REGISTERS = re.compile(r"Used (\d+) registers")
_SHARED = re.compile(r"(\d+) bytes smem")


@dataclass(frozen=True, slots=True)
class Resources:
    """What a thread of a kernel takes, and the static shared memory of a block."""

    kernel: str
    architecture: int
    registers: int
    stack_bytes: int
    spilled_bytes: int
    shared_bytes: int


def resources_from_log(log: str, architecture: int) -> list[Resources]:
    """Return what `ptxas -v` told of each kernel, in its order."""
    found = []
    for part in log.split("ptxas info    : Compiling entry function")[1:]:
        kernel = part.split("'")[1]
        # What follows the first of each is about functions that the kernel calls.
        stack, stored, loaded = map(int, _SPILLS.search(part).groups())  # type: ignore[union-attr]
        registers = int(_REGISTERS.search(part).group(1))  # type: ignore[union-attr]
        shared = _SHARED.search(part)
        bytes_shared = int(shared.group(1)) if shared else 0
        found.append(Resources(kernel, architecture, registers, stack, stored + loaded, bytes_shared))
    return found


def compile_log(architecture: int) -> str:
    """Return what the compiler tells of the kernels. Raises `RuntimeError` when it fails."""
    flags = ["-std=c++17", "-O3", "-cubin", f"-arch=sm_{architecture}", "-Xptxas", "-v"]
    with tempfile.TemporaryDirectory() as folder:
        paths = ["-o", f"{folder}/kernels.cubin", str(source_folder() / "cuda" / "kernels.cu")]
        done = subprocess.run([nvcc(), *flags, *paths], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"nvcc failed for sm_{architecture}: {done.stderr}")
    return f"{done.stderr}{done.stdout}"


def main(
    *,
    architecture: Annotated[list[int] | None, typer.Option(help="Such as 87; may be given several times.")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Compile the kernels and print what each takes."""
    rows = [row for one in architecture or ARCHITECTURES for row in resources_from_log(compile_log(one), one)]
    missing = set(KERNELS) - {row.kernel for row in rows}
    if missing:
        raise RuntimeError(f"the compiler told nothing of {', '.join(sorted(missing))}")
    table = Table("kernel", "architecture", "registers", "stack", "spilled", "shared memory")
    for row in rows:
        table.add_row(*(str(value) for value in asdict(row).values()))
    Console().print(table)
    if output is not None:
        version = subprocess.run([nvcc(), "--version"], capture_output=True, text=True, check=True).stdout
        told = {"nvcc": version.strip().splitlines()[-2], "kernels": [asdict(row) for row in rows]}
        output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
