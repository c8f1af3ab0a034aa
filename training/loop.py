# SPDX-License-Identifier: Apache-2.0
"""The training loop: plain PyTorch, seeded, resumable, logged to TensorBoard and `metrics.jsonl`."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from training.average import WeightAverage
from training.recipe import ScheduleRecipe

CHECKPOINT = "checkpoint.pt"
LOG_STEPS = 50


class TrainingTask(Protocol):
    """What the loop needs to know of a task."""

    model: nn.Module

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, Any]]:
        """Yield (inputs, targets) from `first_step` on, the same for the same seed."""

    def loss(self, outputs: Any, targets: Any) -> tuple[Tensor, Mapping[str, float]]:
        """Return the loss to descend and the figures to log."""

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        """Return the validation metrics of `model`."""

    def provenance(self) -> Mapping[str, Any]:
        """Return what a bundle must say of this training: recipe, data sets, licences, teachers."""


def train(task: TrainingTask, schedule: ScheduleRecipe, folder: Path, *, seed: int) -> Path:
    """Train to the schedule's end, or go on from the checkpoint in `folder`; return the checkpoint's path."""
    torch.set_num_threads(schedule.threads)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = task.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(_parameter_groups(model, schedule.weight_decay), lr=schedule.rate)
    average = WeightAverage(model, schedule.average_decay)
    step = _resume(folder / CHECKPOINT, model, average, optimiser)
    log = _Log(folder)
    for inputs, targets in task.batches(step) if step < schedule.steps else ():
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, schedule)
        model.train()
        loss, figures = task.loss(model(inputs.to(memory_format=torch.channels_last)), targets)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(model.parameters(), schedule.clip_norm)
        optimiser.step()
        average.update(model)
        step += 1
        log.add(step, {**figures, "gradient_norm": float(norm), "rate": rate_at(step, schedule)}, len(inputs))
        last = step == schedule.steps
        metrics = task.evaluate(average.model) if last or step % schedule.validate_steps == 0 else None
        if metrics is not None:
            log.write(step, metrics, prefix="validation")
        if last or step % schedule.checkpoint_steps == 0:
            _save(folder / CHECKPOINT, step, model, average, optimiser, task, metrics)
        if last:
            break
    log.close()
    return folder / CHECKPOINT


def rate_at(step: int, schedule: ScheduleRecipe) -> float:
    """Return the learning rate of `step`: linear warm-up, then a cosine down to the final fraction."""
    if step < schedule.warmup_steps:
        return schedule.rate * (step + 1) / schedule.warmup_steps
    progress = (step - schedule.warmup_steps) / max(1, schedule.steps - schedule.warmup_steps)
    low = schedule.rate * schedule.final_rate_fraction
    return low + (schedule.rate - low) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weights decay; biases and normalisation do not."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    free = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]


def _resume(path: Path, model: nn.Module, average: WeightAverage, optimiser: torch.optim.Optimizer) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    average.model.load_state_dict(state["ema"])
    average.updates = state["updates"]
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"])


def _save(
    path: Path,
    step: int,
    model: nn.Module,
    average: WeightAverage,
    optimiser: torch.optim.Optimizer,
    task: TrainingTask,
    metrics: Mapping[str, float] | None,
) -> None:
    state = {
        "step": step,
        "model": model.state_dict(),
        "ema": average.model.state_dict(),
        "updates": average.updates,
        "optimiser": optimiser.state_dict(),
        "metrics": dict(metrics or {}),
        **task.provenance(),
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


class _Log:
    """Running means to TensorBoard and one JSON line each time they are written."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._board = SummaryWriter(str(folder / "tensorboard"))  # type: ignore[no-untyped-call]
        self._lines = (folder / "metrics.jsonl").open("a", encoding="utf-8")
        self._sums: dict[str, float] = {}
        self._count = 0
        self._pictures = 0
        self._since_s = time.monotonic()

    def add(self, step: int, figures: Mapping[str, float], pictures: int) -> None:
        for name, value in figures.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        self._pictures += pictures
        if step % LOG_STEPS == 0:
            now_s = time.monotonic()
            means = {name: total / self._count for name, total in self._sums.items()}
            means["pictures_per_s"] = self._pictures / (now_s - self._since_s)
            self._sums, self._count, self._pictures, self._since_s = {}, 0, 0, now_s
            self.write(step, means, prefix="train")

    def write(self, step: int, figures: Mapping[str, float], *, prefix: str) -> None:
        for name, value in figures.items():
            self._board.add_scalar(f"{prefix}/{name}", value, step)  # type: ignore[no-untyped-call]
        line = {"step": step, "kind": prefix, **{name: round(value, 5) for name, value in figures.items()}}
        self._lines.write(json.dumps(line) + "\n")
        self._lines.flush()

    def close(self) -> None:
        self._board.close()  # type: ignore[no-untyped-call]
        self._lines.close()
