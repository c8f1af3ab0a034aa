# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from training.checkpoint import read_checkpoint
from training.evaluation import ALL_SETS, evaluate_checkpoint
from training.loop import train
from training.recipe_from_file import read_recipe
from training.tasks import task_from_recipe

GESTURES = ("fist", "palm", "no_gesture")
PICTURES = 3


@pytest.fixture(scope="module")
def hagrid(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data root with a few pictures of real hands in HaGRID's layout."""
    root = tmp_path_factory.mktemp("data")
    source, folder = data_dir / "hagrid_mini", root / "hagrid"
    for split in ("train_val", "test"):
        (folder / f"ann_{split}").mkdir(parents=True)
        for gesture in GESTURES:
            given = json.loads((source / f"ann_{split}" / f"{gesture}.json").read_text(encoding="utf-8"))
            some = dict(list(given.items())[:PICTURES])
            (folder / f"ann_{split}" / f"{gesture}.json").write_text(json.dumps(some), encoding="utf-8")
            (folder / split / gesture).mkdir(parents=True)
            for name in some:
                picture = f"{split}/{gesture}/{name}.jpg"
                (folder / picture).symlink_to(source / picture)
    return root


@pytest.mark.parametrize("network", ["resnet18", "mobilenet_v3_small"])
def test_a_network_of_torchvision_learns_from_hagrid_and_is_measured(
    hagrid: Path, tmp_path: Path, network: str
) -> None:
    changes = [
        f"model.architecture={network}",
        "input.width_px=64",
        "input.height_px=64",
        "data.validate_every=1000",
        "schedule.steps=3",
        "schedule.batch=4",
        "schedule.warmup_steps=1",
        "schedule.workers=0",
        "schedule.threads=1",
    ]
    recipe = read_recipe("hagrid", changes)
    task = task_from_recipe(recipe, hagrid)
    before = {name: value.clone() for name, value in task.model.state_dict().items()}
    path = train(task, recipe.schedule, tmp_path, seed=recipe.seed)
    learned = read_checkpoint(path)
    assert any(not np.array_equal(before[name], learned.weights[name]) for name in before if "backbone" in name)
    rows = evaluate_checkpoint(path, hagrid).rows
    assert rows[ALL_SETS]["hands"] >= PICTURES * len(GESTURES)
    assert {"gesture_macro_f1", "handedness_macro_f1"} <= rows[ALL_SETS].keys()


def test_version_2_learns_gestures_alone(hagrid: Path, tmp_path: Path) -> None:
    changes = [
        "model.architecture=mobilenet_v3_small",
        "input.width_px=64",
        "input.height_px=64",
        "data.sets=[{path: hagrid, layout: hagrid}]",
        "data.validate_every=1000",
        "schedule.steps=1",
        "schedule.batch=4",
        "schedule.workers=0",
        "schedule.threads=1",
    ]
    recipe = read_recipe("hagrid-v2", changes)
    path = train(task_from_recipe(recipe, hagrid), recipe.schedule, tmp_path, seed=recipe.seed)
    rows = evaluate_checkpoint(path, hagrid).rows
    assert "gesture_macro_f1" in rows[ALL_SETS]
    assert "handedness_macro_f1" not in rows[ALL_SETS]
