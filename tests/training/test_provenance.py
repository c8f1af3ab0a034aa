# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

from tests.training.small_recipes import detector_recipe
from tests.training.small_sets import sample_with
from training.provenance import provenance_of
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
