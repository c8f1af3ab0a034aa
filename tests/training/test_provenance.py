# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

from tests.training.small_recipes import detector_recipe
from tests.training.small_sets import sample_with
from training.provenance import provenance_of, with_earlier
from training.recipe import recipe_from_mapping


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
