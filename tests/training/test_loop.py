# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edge.errors import ModelError, OutputError, SourceError, UsageError
from training.checkpoint import read_state
from training.loop import CHECKPOINT, WEIGHTS, rate_at, train
from training.provenance import source_commit
from training.recipe import ScheduleRecipe

STEPS = 6


def schedule(**changes: Any) -> ScheduleRecipe:
    settings = {"steps": STEPS, "batch": 4, "rate": 0.01, "warmup_steps": 2, "validate_steps": 3, "checkpoint_steps": 2}
    return ScheduleRecipe.model_validate(settings | changes)


class BrightnessTask:
    """Learns the mean of a picture: a small training with normalisation and dropout, whose batches know their step."""

    def __init__(
        self,
        *,
        stop_before: int | None = None,
        channels: int = 4,
        scale: float = 1.0,
        dataset: str = "grey",
        recipe: Mapping[str, Any] | None = None,
    ) -> None:
        torch.manual_seed(1)
        head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(channels, 1))
        self.model: nn.Module = nn.Sequential(nn.Conv2d(3, channels, 3), nn.BatchNorm2d(channels), *head)
        self.seen: list[int] = []
        self.evaluated: list[nn.Module] = []
        self._stop_before, self._scale, self._dataset, self._recipe = stop_before, scale, dataset, recipe or {}

    def batches(self, first_step: int) -> Iterator[tuple[Tensor, Any]]:
        # Another consumer of the common generator, as a data loader is.
        torch.rand(first_step + 1)
        for step in range(first_step, STEPS):
            if step == self._stop_before:
                raise KeyboardInterrupt
            self.seen.append(step)
            inputs = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(step)) * self._scale
            yield inputs, inputs.mean(dim=(1, 2, 3))

    def loss(self, outputs: Any, targets: Any) -> tuple[Tensor, Mapping[str, float]]:
        loss = (outputs[:, 0] - targets).square().mean()
        return loss, {"loss": float(loss.detach())}

    def evaluate(self, model: nn.Module) -> Mapping[str, float]:
        self.evaluated.append(model)
        return {"error": 0.5}

    def provenance(self) -> Mapping[str, Any]:
        rows = [{"dataset": self._dataset, "licence": "CC0-1.0", "pictures": 4}]
        return {"recipe": self._recipe, "seed": 1, "data": {"sets": rows, "teachers": []}}


def assert_same_weights(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=0, atol=0)


def test_a_run_leaves_a_checkpoint_and_its_figures(tmp_path: Path) -> None:
    told: list[str] = []
    path = train(BrightnessTask(), schedule(), tmp_path / "run", seed=5, say=told.append)
    assert path == tmp_path / "run" / "checkpoint.pt"
    state = read_state(path)
    assert state["step"] == STEPS
    assert state["metrics"] == {"error": 0.5}
    assert {"model", "ema", "optimiser", "recipe", "seed", "data"} <= set(state)
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(line["step"], line["kind"]) for line in lines] == [(3, "validation"), (6, "validation"), (6, "train")]
    assert {"loss", "gradient_norm", "rate", "pictures_per_s"} <= set(lines[-1])
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    assert len(told) == len(lines)
    assert not list((tmp_path / "run").glob("*.partial"))


def test_the_averaged_model_is_what_is_evaluated(tmp_path: Path) -> None:
    task = BrightnessTask()
    path = train(task, schedule(), tmp_path, seed=5)
    assert all(model is not task.model for model in task.evaluated)
    assert_same_weights(read_state(path)["ema"], task.evaluated[-1].state_dict())


@pytest.mark.parametrize("stop_before", [1, 4, 5])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path: Path, stop_before: int) -> None:
    whole = read_state(train(BrightnessTask(), schedule(), tmp_path / "whole", seed=5))
    with pytest.raises(KeyboardInterrupt):
        train(BrightnessTask(stop_before=stop_before), schedule(), tmp_path / "cut", seed=5)
    rest = BrightnessTask()
    resumed = read_state(train(rest, schedule(), tmp_path / "cut", seed=5))
    # Checkpoints are written every second step.
    assert rest.seen == list(range(stop_before // 2 * 2, STEPS))
    assert resumed["updates"] == whole["updates"] == STEPS
    assert_same_weights(whole["model"], resumed["model"])
    assert_same_weights(whole["ema"], resumed["ema"])


def test_the_seed_decides_what_is_dropped(tmp_path: Path) -> None:
    first, again, other = (
        read_state(train(BrightnessTask(), schedule(), tmp_path / str(number), seed=seed))["model"]
        for number, seed in enumerate((5, 5, 6))
    )
    assert_same_weights(first, again)
    assert any(not torch.equal(value, other[name]) for name, value in first.items())


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    path = train(BrightnessTask(), schedule(), tmp_path, seed=5)
    before = path.read_bytes()
    again = BrightnessTask()
    told: list[str] = []
    assert train(again, schedule(), tmp_path, seed=5, say=told.append) == path
    assert again.seen == []
    assert path.read_bytes() == before
    assert told == [f"{path} has 6 of 6 steps behind it: nothing to do; raise schedule.steps to go on"]


def test_a_checkpoint_states_the_commit_of_the_code(tmp_path: Path) -> None:
    assert read_state(train(BrightnessTask(), schedule(), tmp_path, seed=5))["commit"] == source_commit()


def test_a_run_goes_on_with_its_own_recipe_alone(tmp_path: Path) -> None:
    before = {"seed": 1, "schedule": {"steps": 4, "rate": 0.01}}
    train(BrightnessTask(recipe=before), schedule(steps=4), tmp_path, seed=5)
    other = {"seed": 1, "schedule": {"steps": 6, "rate": 0.02}}
    with pytest.raises(UsageError, match=r"was trained with another schedule\.rate; .*train into another folder"):
        train(BrightnessTask(recipe=other), schedule(), tmp_path, seed=5)
    longer = {"seed": 1, "schedule": {"steps": 6, "rate": 0.01}}
    state = read_state(train(BrightnessTask(recipe=longer), schedule(), tmp_path, seed=5))
    assert (state["step"], state["recipe"]) == (6, longer)


def test_a_checkpoint_of_another_model_is_not_gone_on_from(tmp_path: Path) -> None:
    train(BrightnessTask(channels=8), schedule(), tmp_path, seed=5)
    with pytest.raises(SourceError, match="belongs to another training"):
        train(BrightnessTask(), schedule(), tmp_path, seed=5)


def test_a_broken_checkpoint_is_not_silently_replaced(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"half a file")
    with pytest.raises(SourceError, match=r"checkpoint\.pt is not a PyTorch checkpoint"):
        train(BrightnessTask(), schedule(), tmp_path, seed=5)


@pytest.mark.parametrize("place", [lambda folder: folder / "file", lambda folder: folder / "file" / "run"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, place: Callable[[Path], Path]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot be written: .*train into another folder"):
        train(BrightnessTask(), schedule(), place(tmp_path), seed=5)


def test_a_run_may_start_from_the_averaged_weights_of_another(tmp_path: Path) -> None:
    first = train(BrightnessTask(dataset="old"), schedule(), tmp_path / "first", seed=5)
    # With no rate to speak of, the weights stay those of the start.
    still = schedule(steps=1, rate=1e-12, weight_decay=0.0, warmup_steps=0)
    second = read_state(train(BrightnessTask(), still, tmp_path / "second", seed=6, start=first))
    begun = read_state(first)["ema"]
    for name in ("0.weight", "5.bias"):
        torch.testing.assert_close(second["model"][name], begun[name], rtol=0, atol=1e-6)
    assert second["step"] == 1


def test_a_finished_run_leaves_weights_to_start_another_from(tmp_path: Path) -> None:
    train(BrightnessTask(), schedule(), tmp_path / "first", seed=1)
    weights = read_state(tmp_path / "first" / WEIGHTS)
    checkpoint = read_state(tmp_path / "first" / CHECKPOINT)
    assert set(checkpoint) - set(weights) == {"model", "optimiser", "updates"}
    assert all(torch.equal(tensor, weights["ema"][name]) for name, tensor in checkpoint["ema"].items())
    task = BrightnessTask(scale=0.0)
    train(task, schedule(steps=1, rate=1e-9), tmp_path / "second", seed=1, start=tmp_path / "first" / WEIGHTS)
    torch.testing.assert_close(task.model.state_dict()["0.weight"], weights["ema"]["0.weight"])


def test_data_of_the_start_is_named_even_after_the_run_was_resumed(tmp_path: Path) -> None:
    first = train(BrightnessTask(dataset="old"), schedule(), tmp_path / "first", seed=5)
    with pytest.raises(KeyboardInterrupt):
        train(BrightnessTask(stop_before=4), schedule(), tmp_path / "second", seed=5, start=first)
    second = train(BrightnessTask(), schedule(), tmp_path / "second", seed=5)
    assert [row["dataset"] for row in read_state(second)["data"]["sets"]] == ["grey", "old"]


def test_weights_of_another_model_cannot_start_a_run(tmp_path: Path) -> None:
    other = train(BrightnessTask(channels=8), schedule(), tmp_path / "other", seed=5)
    with pytest.raises(SourceError, match="cannot start this training"):
        train(BrightnessTask(), schedule(), tmp_path / "run", seed=5, start=other)


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"the loss of step 0 is not finite; lower schedule\.rate"):
        train(BrightnessTask(scale=float("inf")), schedule(), tmp_path, seed=5)
    assert not (tmp_path / "checkpoint.pt").exists()


def test_the_rate_warms_up_and_falls_along_a_cosine() -> None:
    plan = schedule(steps=100, warmup_steps=10, rate=2.0, final_rate_fraction=0.1)
    rates = [rate_at(step, plan) for step in range(101)]
    assert rates[:10] == pytest.approx([0.2 * (step + 1) for step in range(10)])
    assert rates[10] == max(rates) == 2.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[55] == pytest.approx((2.0 + 0.2) / 2)
    assert rates[100] == pytest.approx(0.2)
    assert rate_at(500, plan) == pytest.approx(0.2)


def test_without_warm_up_the_first_rate_is_the_highest() -> None:
    assert rate_at(0, schedule(warmup_steps=0, rate=2.0)) == 2.0


def test_in_mixed_precision_the_loss_is_computed_in_float32_and_weights_stay_so(tmp_path: Path) -> None:
    half = BrightnessTask()
    kinds: list[torch.dtype] = []
    half.model.register_forward_hook(lambda _model, _inputs, outputs: kinds.append(outputs.dtype))
    own_loss = half.loss

    def loss(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        kinds.append(outputs.dtype)
        return own_loss(outputs, targets)

    half.loss = loss  # type: ignore[method-assign]
    mixed = read_state(train(half, schedule(amp=True), tmp_path / "mixed", seed=5))["model"]
    assert kinds[:2] == [torch.bfloat16, torch.float32]
    whole = read_state(train(BrightnessTask(), schedule(), tmp_path / "whole", seed=5))["model"]
    assert all(value.dtype == whole[name].dtype for name, value in mixed.items())
    assert any(not torch.equal(value, whole[name]) for name, value in mixed.items())
    torch.testing.assert_close(mixed, whole, rtol=0.1, atol=0.1)
