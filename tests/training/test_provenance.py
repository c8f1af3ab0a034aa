# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.training.small_recipes import detector_mapping, detector_recipe
from tests.training.small_sets import sample_with
from training.provenance import changed_key, provenance_of, source_commit, with_earlier
from training.recipe_from_file import recipe_from_mapping


def test_every_set_is_named_with_each_of_its_licences() -> None:
    recipe = detector_recipe()
    samples = [
        sample_with(dataset="b", licence="MIT"),
        sample_with(dataset="a", licence="CC0-1.0"),
        sample_with(dataset="b", licence="MIT"),
        sample_with(dataset="b", licence="CC-BY-4.0"),
    ]
    told = provenance_of(recipe, samples, teachers=["someone's model"])
    assert told["data"] == {
        "sets": [
            {"dataset": "a", "licence": "CC0-1.0", "pictures": 1},
            {"dataset": "b", "licence": "CC-BY-4.0", "pictures": 1},
            {"dataset": "b", "licence": "MIT", "pictures": 2},
        ],
        "teachers": ["someone's model"],
    }
    assert told["seed"] == recipe.seed


def test_the_recipe_can_be_read_back_from_plain_values() -> None:
    recipe = detector_recipe()
    told = provenance_of(recipe, [], teachers=[])
    assert recipe_from_mapping(json.loads(json.dumps(told))["recipe"], origin="here") == recipe


def test_data_of_earlier_weights_is_not_forgotten() -> None:
    now = {"sets": [{"dataset": "b", "licence": "MIT", "pictures": 5}], "teachers": ["x"]}
    before = {
        "sets": [
            {"dataset": "b", "licence": "MIT", "pictures": 9},
            {"dataset": "a", "licence": "MIT", "pictures": 2},
            {"dataset": "b", "licence": "CC0-1.0", "pictures": 1},
        ],
        "teachers": ["y", "x"],
    }
    both = with_earlier(now, before)
    assert [(row["dataset"], row["licence"], row["pictures"]) for row in both["sets"]] == [
        ("a", "MIT", 2),
        ("b", "CC0-1.0", 1),
        ("b", "MIT", 9),
    ]
    assert both["teachers"] == ["x", "y"]
    assert with_earlier(now, {}) == now


def git(tree: Path, *words: str) -> None:
    identity = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
    subprocess.run(["git", "-C", str(tree), *identity, *words], check=True, capture_output=True)


def test_the_commit_is_that_of_the_checkout_and_tells_changed_files(tmp_path: Path) -> None:
    assert source_commit(tmp_path) is None
    git(tmp_path, "init")
    assert source_commit(tmp_path) is None
    (tmp_path / "a.py").write_text("1")
    git(tmp_path, "add", "a.py")
    git(tmp_path, "commit", "--no-verify", "-m", "first")
    git(tmp_path, "tag", "-a", "v1", "-m", "a tag")
    (tmp_path / "notes").write_text("not tracked")
    clean = source_commit(tmp_path)
    assert clean is not None
    assert re.fullmatch("[0-9a-f]{40}", clean)
    (tmp_path / "a.py").write_text("2")
    assert source_commit(tmp_path) == f"{clean}-dirty"
    (tmp_path / "unpacked").mkdir()
    assert source_commit(tmp_path / "unpacked") is None


def plain_recipe(**changes: Any) -> dict[str, Any]:
    return detector_recipe(**changes).model_dump(mode="json")


SCHEDULE = detector_mapping()["schedule"]


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({}, None),
        ({"schedule": SCHEDULE | {"steps": 99, "workers": 2, "threads": 2}}, None),
        ({"data": {"validate_every": 3, "sets": [{"path": "hands", "pseudo_labels": True}]}}, None),
        ({"data": {"validate_every": 3, "sets": [{"path": "hands", "weight": 2.0}]}}, "data.sets.0.weight"),
        ({"data": {"validate_every": 3, "sets": [{"path": "hands"}, {"path": "more"}]}}, "data.sets"),
        ({"schedule": SCHEDULE | {"rate": 0.5}}, "schedule.rate"),
        ({"seed": 4, "schedule": SCHEDULE | {"rate": 0.5}}, "seed"),
    ],
)
def test_the_first_key_that_another_recipe_changes_is_named(changes: dict[str, Any], key: str | None) -> None:
    assert changed_key(plain_recipe(), plain_recipe(**changes)) == key


def test_keys_that_an_older_recipe_lacks_change_nothing() -> None:
    old = plain_recipe()
    del old["decoding"], old["augment"]["smallest_px"], old["data"]["sets"][0]["pseudo_labels"]
    assert changed_key(old, plain_recipe()) is None
    assert changed_key(plain_recipe(), old) == "augment.smallest_px"
