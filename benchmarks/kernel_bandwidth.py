# SPDX-License-Identifier: Apache-2.0
"""Bytes a second of each kernel against those of a copy: `python -m benchmarks.kernel_bandwidth --output FILE`."""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.cuda_driver import CudaDevice
from benchmarks.kernel_work import Work, all_work
from edge.gpu.kernel_image import built_image

COPY_BYTES, COPIES = 256 * 2**20, 4
# A replay runs over more memory than the cache holds, so that every byte comes from where frames come from.
WORKING_SET = 3
MOST_CALLS = 256


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """What a kernel moved, and a copy of as many bytes in as many calls, in gigabytes (1e9) a second.

    `share` is of the fastest copy, a large one; `share_of_like` of a copy of as many bytes in a call.
    """

    kernel: str
    input: str
    microseconds: float
    bytes_a_call: int
    gb_s: float
    share: float
    share_of_like: float


def copies_ms(device: CudaDevice, nbytes: int, calls: int, repeats: int) -> float:
    """Return the milliseconds of `calls` copies of `nbytes` between places of their own in the device's memory."""
    places = [(device.allocate(nbytes), device.allocate(nbytes)) for _ in range(calls)]

    def copy_all() -> None:
        for target, source in places:
            device.copy(target, source, nbytes)

    median_ms = statistics.median(device.graph_ms(copy_all, repeats=repeats))
    device.free()
    return median_ms


def measured(device: CudaDevice, work: Work, copy_gb_s: float, repeats: int) -> Bandwidth:
    """Return the bandwidth of `work`, whose calls go round more memory than the cache holds."""
    cache = device.description()["l2_bytes"]
    calls = int(np.clip(-(-WORKING_SET * cache // work.nbytes), 8, MOST_CALLS))
    launches = [work.prepare(device) for _ in range(calls)]
    own_ms = statistics.median(device.graph_ms(lambda: [launch() for launch in launches], repeats=repeats))
    device.free()
    like_ms = copies_ms(device, work.nbytes // 2, calls, repeats)
    gb_s = calls * work.nbytes / own_ms / 1e6
    return Bandwidth(
        work.kernel,
        work.input,
        round(own_ms * 1e3 / calls, 2),
        work.nbytes,
        round(gb_s, 1),
        round(gb_s / copy_gb_s, 3),
        round(like_ms / own_ms, 3),
    )


def commit() -> str:
    """Return the commit of the checkout, with a mark where files were changed since."""
    told = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)  # noqa: S607
    return told.stdout.strip() or "unknown"


def main(
    *,
    repeats: Annotated[int, typer.Option(help="Replays of each measurement, of which the median counts.")] = 15,
    output: Annotated[Path | None, typer.Option(help="JSON file for the results.")] = None,
) -> None:
    """Measure every kernel at 1080p and 4K on the first GPU."""
    with CudaDevice() as device:
        copy_gb_s = COPIES * 2 * COPY_BYTES / copies_ms(device, COPY_BYTES, COPIES, repeats) / 1e6
        rows = [measured(device, work, copy_gb_s, repeats) for work in all_work()]
        image = built_image()
        told = {
            "machine": device.description() | {"processor": platform.processor(), "system": platform.platform()},
            "versions": {
                "commit": commit(),
                "kernels_cuda": None if image is None else ".".join(map(str, image.cuda)),
                "python": platform.python_version(),
                "numpy": np.__version__,
            },
            "copy_gb_s": round(copy_gb_s, 1),
            "kernels": [asdict(row) for row in rows],
        }
    print(f"copy: {copy_gb_s:.0f} GB/s, bytes read and written")
    for row in rows:
        print(
            f"{row.kernel:26} {row.input:34} {row.microseconds:9.2f} us {row.gb_s:8.1f} GB/s"
            f"  {row.share:6.1%} of a copy  {row.share_of_like:6.1%} of one as large"
        )
    if output is not None:
        output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
