# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from torch import nn

from edge.errors import UsageError
from tests.training.small_recipes import SCHEDULE, holding_recipe
from tests.training.small_sets import write_listed
from training.comparison.compare import Compared, compare, conclusion, group_accuracy, picture_accuracy
from training.comparison.cost import Cost, cost_of
from training.comparison.report import html_from_comparison
from training.comparison.run import Answer

RECIPE = holding_recipe(schedule=SCHEDULE | {"steps": 2, "checkpoint_steps": 1})


def answers_of(hits: Sequence[bool], *, path: Path = Path("picture.png")) -> tuple[Answer, ...]:
    """Return an answer for each hit or miss; every three are of one group."""
    return tuple(
        Answer(
            path=path.with_stem(f"{path.stem}{number}"),
            group=str(number // 3),
            box_xyxy=(28, 28, 84, 84),
            truth=number % 2,
            guess=number % 2 if hit else 1 - number % 2,
        )
        for number, hit in enumerate(hits)
    )


def compared_with(name: str, hits: Sequence[bool]) -> Compared:
    answers = answers_of(hits)
    return Compared(name, Cost(1, 1, 1.0), [], tested=answers[:3], folded=answers)


def test_a_comparison_trains_tests_and_tells_and_is_not_repeated(tmp_path: Path) -> None:
    write_listed(tmp_path / "hold", train=12, test=4)
    folder = tmp_path / "runs"
    said: list[str] = []
    (only,) = compare(RECIPE, ["MobileFace"], folder, tmp_path, folds=2, say=said.append)
    assert (len(only.tested), len(only.folded)) == (4, 12)
    assert len({answer.path for answer in only.folded}) == 12
    assert only.cost.parameters == pytest.approx(0.95e6, rel=0.1)
    assert [row["step"] for row in only.log if row["kind"] == "train"] == [2]
    kept = sorted(path.name for path in (folder / "MobileFace" / "test").iterdir() if path.is_file())
    assert kept == ["metrics.jsonl", "mistakes.jpg", "result.json", "weights.pt"]
    assert not list(folder.glob("*/fold-*/*.pt"))

    html = html_from_comparison([only], RECIPE)
    assert "MobileFace" in html
    assert html.count("data:image/svg+xml;base64,") == 3
    assert not re.search(r"(src|href)=\"(?!data:)", html)

    (folder / "MobileFace" / "fold-1" / "result.json").unlink()
    said.clear()
    (again,) = compare(RECIPE, ["MobileFace"], folder, tmp_path, folds=2, say=said.append)
    assert again.cost == only.cost
    assert said[:3] == ["MobileFace: test", "MobileFace: fold-0", "MobileFace: fold-1"]
    assert said[3:]
    assert all(line.startswith("step 2 ") for line in said[3:])

    other = holding_recipe(schedule=RECIPE.schedule.model_dump() | {"rate": 0.5})
    with pytest.raises(UsageError, match=r"is of another schedule\.rate; compare into another folder"):
        compare(other, ["MobileFace"], folder, tmp_path, folds=2, say=said.append)


def test_an_unknown_network_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must be among MobileFace, Res50, .*, got VGG"):
        compare(RECIPE, ["MobileFace", "VGG"], tmp_path, tmp_path, folds=2, say=print)


def test_a_lead_that_may_be_chance_is_called_so() -> None:
    count = 90
    best = compared_with("good", [number % 30 > 0 for number in range(count)])
    near = compared_with("near", [number % 30 > 1 for number in range(count)])
    poor = compared_with("poor", [number % 2 > 0 for number in range(count)])
    told = conclusion([near, poor, best])
    assert told.startswith("In cross-validation good is right most often (90 pictures in 30 independent groups")
    assert "It is better than poor; that it is better than near cannot be said" in told
    assert "corrected for 2 comparisons" in told
    assert "cannot be said" in conclusion([near, best])
    assert "nothing to compare" in conclusion([best])


def test_accuracies_have_intervals() -> None:
    hits = [True] * 15 + [False] * 3
    tested, folded = picture_accuracy(answers_of(hits)), group_accuracy(answers_of(hits))
    assert tested.value == folded.value == pytest.approx(5 / 6)
    assert (tested.low, tested.high) == pytest.approx((0.6078, 0.9416), abs=1e-4)
    # The three misses are one group of six.
    assert folded.low == pytest.approx(0.5)
    assert folded.high == 1.0


def test_operations_and_parameters_are_counted() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.Flatten(), nn.Linear(4 * 64, 2))
    cost = cost_of(model, width_px=8, height_px=8)
    assert cost.parameters == 4 * 27 + 2 * 256 + 2
    assert cost.flops == 2 * (64 * 4 * 27 + 256 * 2)
    assert cost.latency_ms > 0
    assert not model.training


def test_costs_are_kept_with_the_runs(tmp_path: Path) -> None:
    write_listed(tmp_path / "hold", train=12, test=4)
    (tmp_path / "MobileFace").mkdir()
    told = {"parameters": 7, "flops": 8, "latency_ms": 9.0}
    (tmp_path / "MobileFace" / "cost.json").write_text(json.dumps(told), encoding="utf-8")
    (only,) = compare(RECIPE, ["MobileFace"], tmp_path, tmp_path, folds=0, say=lambda _: None)
    assert only.cost == Cost(parameters=7, flops=8, latency_ms=9.0)
    assert "Without cross-validation nothing is concluded." in html_from_comparison([only], RECIPE)
