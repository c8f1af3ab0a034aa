# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import yaml

from benchmarks.loader import loader_recipe, measure
from tests.training.small_recipes import detector_mapping
from tests.training.small_sets import write_hands
from training.recipe_from_file import read_recipe


def test_a_loader_is_measured_without_what_only_a_training_needs() -> None:
    recipe = loader_recipe(read_recipe("hand-keypoints"), [])
    assert recipe.task == "hand-keypoints"
    assert recipe.others is None
    assert recipe.schedule.workers == 0
    assert "rendered" not in {entry.dataset for entry in recipe.data.sets}
    assert [entry.dataset for entry in loader_recipe(read_recipe("hand-pose"), ["subhi_hands"]).data.sets] == [
        "subhi_hands"
    ]


def test_a_measured_loader_has_made_its_batches(tmp_path: Path) -> None:
    write_hands(tmp_path / "hands", splits=["train"] * 4)
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(detector_mapping()), encoding="utf-8")
    speed = measure(str(tmp_path / "small.yaml"), tmp_path, only=[], batches=2)
    assert (speed.recipe, speed.samples, speed.sets) == ("small-detector", 4, ("hands",))
    assert speed.samples_a_s > 0
    assert speed.start_s >= 0
