# SPDX-License-Identifier: Apache-2.0
"""The training loop: plain PyTorch, seeded, resumable, logged to TensorBoard and `metrics.jsonl`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from edge.errors import ModelError, OutputError, SourceError, UsageError
from training import ranks
from training.average import WeightAverage
from training.checkpoint import read_state
from training.log import TrainingLog
from training.models.growth import load_backbone, load_grown
from training.placing import device_named, each_tensor, placed
from training.provenance import changed_key, source_commit, with_earlier
from training.recipe import ScheduleRecipe

CHECKPOINT = "checkpoint.pt"
WEIGHTS = "weights.pt"
ONLY_TO_RESUME = {"model", "optimiser", "updates"}


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


@dataclass(slots=True)
class _Run:
    """What a checkpoint holds so that the next call can go on from it."""

    model: nn.Module
    average: WeightAverage
    optimiser: torch.optim.Optimizer
    device: torch.device
    commit: str | None
    step: int = 0
    earlier_data: Mapping[str, Any] = field(default_factory=dict)

    def resume(self, path: Path, recipe: Mapping[str, Any]) -> None:
        state = read_state(path)
        try:
            changed = changed_key(state["recipe"], recipe)
            if changed is not None:
                raise UsageError(
                    f"{path} was trained with another {changed}; leave it as it was, or train into another folder"
                )
            self.model.load_state_dict(state["model"])
            self.average.model.load_state_dict(state["ema"])
            self.average.updates = int(state["updates"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step = int(state["step"])
            self.earlier_data = state["data"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise SourceError(
                f"{path} belongs to another training, its tensors do not fit this recipe's model;"
                " train into another folder or remove it"
            ) from error

    def state(self, task: TrainingTask, metrics: Mapping[str, float] | None) -> dict[str, Any]:
        provenance = task.provenance()
        tensors = {
            "model": self.model.state_dict(),
            "ema": self.average.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        return {
            "step": self.step,
            **placed(tensors, torch.device("cpu")),
            "updates": self.average.updates,
            "metrics": dict(metrics or {}),
            "commit": self.commit,
            **provenance,
            "data": with_earlier(provenance["data"], self.earlier_data),
        }


def train(
    task: TrainingTask,
    schedule: ScheduleRecipe,
    folder: Path,
    *,
    seed: int,
    start: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Train to the schedule's end, or go on from the checkpoint in `folder`; return the checkpoint's path.

    At the end, `weights.pt` beside it holds the averaged weights alone: a third of the size, for all but going on.

    A new run begins with the averaged weights of the checkpoint `start`, where one is given, grown where its own model
    is larger, or with its backbone where it is another task's (see `training.models.growth`), and its checkpoint names
    the data of both. `say` hears one line whenever figures are logged, and when no step is left to make; of several
    processes the leader alone speaks, and the figures of training are those of its share. Raises `OutputError` when
    `folder` cannot be written, `SourceError` when a checkpoint is not one of this task, `UsageError` when it was
    trained with another recipe, and `ModelError` when the loss is not finite.
    """
    torch.set_num_threads(schedule.threads)
    if not ranks.is_leader():
        say = _hush
    path = folder / CHECKPOINT
    earlier_data = {} if start is None else _load_weights(task, start)
    device = device_named(schedule.device)
    model = task.model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(_parameter_groups(model, schedule.weight_decay), lr=schedule.rate)
    average = WeightAverage(model, schedule.average_decay)
    run = _Run(model, average, optimiser, device, source_commit(), earlier_data=earlier_data)
    if path.exists():
        run.resume(path, task.provenance()["recipe"])
    if run.step >= schedule.steps:
        say(f"{path} has {run.step} of {schedule.steps} steps behind it: nothing to do; raise schedule.steps to go on")
        return path
    with _log_in(folder, say) if ranks.is_leader() else nullcontext() as log:
        for inputs, targets in task.batches(run.step):
            figures = _descend(run, task, schedule, inputs, targets, seed=seed)
            if log is not None:
                log.add(run.step, figures, pictures=schedule.batch)
                _keep(run, task, schedule, folder, log)
            if run.step == schedule.steps:
                break
    return path


def _keep(run: _Run, task: TrainingTask, schedule: ScheduleRecipe, folder: Path, log: TrainingLog) -> None:
    """Evaluate and write checkpoints at the steps that the schedule names, and at the last one."""
    last = run.step == schedule.steps
    due = last or run.step % schedule.validate_steps == 0
    metrics = task.evaluate(run.average.on_cpu()) if due else None
    if metrics is not None:
        log.write(run.step, metrics, kind="validation")
    if last or run.step % schedule.checkpoint_steps == 0:
        state = run.state(task, metrics)
        _save(folder / CHECKPOINT, state)
        if last:
            save_weights(folder / WEIGHTS, state)


def _hush(_line: str) -> None:
    """Leave it to the leader."""


def _log_in(folder: Path, say: Callable[[str], None]) -> TrainingLog:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return TrainingLog(folder, say)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}; train into another folder") from error


def _descend(
    run: _Run, task: TrainingTask, schedule: ScheduleRecipe, inputs: Tensor, targets: Any, *, seed: int
) -> dict[str, float]:
    """Make one step; return its figures."""
    # Seeded by step, so that a resumed training drops out what an uninterrupted one would.
    entropy = [seed, run.step, ranks.number()] if ranks.number() else [seed, run.step]
    torch.manual_seed(int(np.random.SeedSequence(entropy).generate_state(1)[0]))
    rate = rate_at(run.step, schedule)
    for group in run.optimiser.param_groups:
        group["lr"] = rate
    run.model.train()
    inputs, targets = placed(inputs, run.device), placed(targets, run.device)
    if inputs.ndim == 4:
        inputs = inputs.to(memory_format=torch.channels_last)
    with torch.autocast(run.device.type, torch.bfloat16, enabled=schedule.amp):
        outputs = run.model(inputs)
    loss, figures = task.loss(each_tensor(outputs, Tensor.float), targets)
    if not bool(torch.isfinite(ranks.averaged(loss))):
        raise ModelError(f"the loss of step {run.step} is not finite; lower schedule.rate and start from a new folder")
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    ranks.average_(p.grad for p in run.model.parameters() if p.grad is not None)
    norm = nn.utils.clip_grad_norm_(run.model.parameters(), schedule.clip_norm)
    run.optimiser.step()
    # Each process has normalised by the statistics of its own share.
    ranks.average_(b for b in run.model.buffers() if b.dtype.is_floating_point)
    run.average.update(run.model)
    run.step += 1
    return {**figures, "gradient_norm": float(norm), "rate": rate}


def save_weights(path: Path, state: Mapping[str, Any]) -> None:
    """Write what a checkpoint's `state` holds for other uses than to go on: averaged weights, recipe, data, metrics.

    Raises `OutputError` when `path` cannot be written.
    """
    _save(path, {name: value for name, value in state.items() if name not in ONLY_TO_RESUME})


def _save(path: Path, state: Mapping[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    try:
        torch.save(dict(state), partial)
        partial.replace(path)
    except (OSError, RuntimeError) as error:
        raise OutputError(f"{path} cannot be written; free space on its disk and start again to go on") from error


def _load_weights(task: TrainingTask, start: Path) -> Mapping[str, Any]:
    """Give the task's model the averaged weights of a checkpoint; return the data they learned from.

    The model may be larger than the checkpoint's own; of another task it takes the backbone.
    """
    state = read_state(start)
    try:
        same_task = state["recipe"].get("task") == task.provenance()["recipe"].get("task")
        load = load_grown if same_task else load_backbone
        load(task.model, state["ema"])
        return dict(state["data"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SourceError(
            f"{start} cannot start this training, its weights do not fit the recipe's model ({error}); leave it out"
        ) from error


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
