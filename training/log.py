# SPDX-License-Identifier: Apache-2.0
"""`TrainingLog`: the figures of a run, for TensorBoard, `metrics.jsonl` and whoever listens."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from torch.utils.tensorboard import SummaryWriter

if TYPE_CHECKING:
    from typing_extensions import Self

LOG_STEPS = 50


class TrainingLog:
    """Writes means over `LOG_STEPS` steps and validation metrics into `folder`; `say` hears a line for each.

    A figure that is not finite, such as the loss of a head that a batch says nothing of, is left out of its mean.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._lines = (folder / "metrics.jsonl").open("a", encoding="utf-8")
        self._board = SummaryWriter(str(folder / "tensorboard"))
        self._say = say
        self._values: dict[str, list[float]] = {}
        self._step = self._pictures = 0
        self._since_s = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._write_means()
        self._board.close()
        self._lines.close()

    def add(self, step: int, figures: Mapping[str, float], *, pictures: int) -> None:
        """Take the figures of one step into the means."""
        for name, value in figures.items():
            self._values.setdefault(name, []).extend([value] if math.isfinite(value) else [])
        self._step = step
        self._pictures += pictures
        if step % LOG_STEPS == 0:
            self._write_means()

    def write(self, step: int, figures: Mapping[str, float], *, kind: str) -> None:
        """Write figures at once; `kind` is "train" or "validation"."""
        for name, value in figures.items():
            self._board.add_scalar(f"{kind}/{name}", value, step)
        line = {"step": step, "kind": kind, **{name: round(value, 5) for name, value in figures.items()}}
        self._lines.write(json.dumps(line) + "\n")
        self._lines.flush()
        self._say(f"step {step} {kind}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items()))

    def _write_means(self) -> None:
        if not self._pictures:
            return
        now_s = time.monotonic()
        means = {name: sum(values) / len(values) for name, values in self._values.items() if values}
        means["pictures_per_s"] = self._pictures / max(now_s - self._since_s, 1e-9)
        self._values, self._pictures, self._since_s = {}, 0, now_s
        self.write(self._step, means, kind="train")
