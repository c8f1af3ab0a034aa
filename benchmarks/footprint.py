# SPDX-License-Identifier: Apache-2.0
"""`Footprint`: what starting costs, and how much memory a long run takes."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import chain, cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import numpy.typing as npt
import psutil

from edge.errors import OutputError

SAMPLE_S = 0.5
MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Footprint:
    """Medians of start times, and resident memory of `edge-run` on a video of `frames` frames.

    `import_ms` is without the start of Python itself. `early_mb` is the median of the second tenth of the run,
    `late_mb` that of its last: what leaks shows between the two.
    """

    import_ms: float
    help_ms: float
    frames: int
    peak_mb: float
    early_mb: float
    late_mb: float

    def to_dict(self) -> dict[str, float]:
        """Return what is stored."""
        return {name: round(value, 1) for name, value in asdict(self).items()}


def measure_footprint(pictures: Iterable[npt.NDArray[np.uint8]], *, frames: int, rounds: int) -> Footprint:
    """Start Python, `import edge` and `edge-run --help` by turns, then watch one run over a video of `frames` frames.

    The video shows `pictures`, (H, W, 3) uint8 BGR, again and again. Raises `OutputError` when it cannot be written.
    """
    edge_run = Path(sysconfig.get_path("scripts")) / "edge-run"
    commands = {"python": [sys.executable, "-c", ""], "import": [sys.executable, "-c", "import edge"]}
    commands["help"] = [str(edge_run), "--help"]
    times_ms: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            times_ms[name].append(_wall_ms(command))
    with TemporaryDirectory() as folder:
        video = Path(folder) / "long.mp4"
        write_video(video, islice(cycle(pictures), frames))
        resident_mb = _resident_mb([str(edge_run), str(video)])
    tenth = max(1, len(resident_mb) // 10)
    return Footprint(
        import_ms=median(times_ms["import"]) - median(times_ms["python"]),
        help_ms=median(times_ms["help"]),
        frames=frames,
        peak_mb=max(resident_mb),
        early_mb=median(resident_mb[tenth : 2 * tenth] or resident_mb),
        late_mb=median(resident_mb[-tenth:]),
    )


def write_video(path: Path, pictures: Iterable[npt.NDArray[np.uint8]]) -> None:
    """Write (H, W, 3) uint8 BGR pictures of one size at 30 frames a second. Raises `OutputError`."""
    pictures = iter(pictures)
    first = next(pictures)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, first.shape[1::-1])
    if not writer.isOpened():
        raise OutputError(f"cannot write {path}; free space on its disk or set TMPDIR")
    for picture in chain([first], pictures):
        writer.write(picture)
    writer.release()


def _wall_ms(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begin) * 1000


def _resident_mb(command: list[str]) -> list[float]:
    """Return the resident memory of a command, sampled until it ends."""
    process = psutil.Popen(command, stdout=subprocess.DEVNULL)
    samples = []
    while process.poll() is None:
        with suppress(psutil.NoSuchProcess):
            resident = process.memory_info().rss
            # A process that is about to end has let go of its memory.
            samples += [resident / MEBIBYTE] if resident else []
        time.sleep(SAMPLE_S)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return samples
