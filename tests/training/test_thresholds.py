# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from edge.decoders import SoftmaxHeads
from edge.errors import UsageError
from export.contract_from_recipe import contract_from_recipe
from tests.training.small_recipes import classifier_mapping, classifier_recipe, detector_recipe
from training.decoder_from_recipe import with_presence_trust
from training.recipe import AnyRecipe, ClassifierRecipe


def recipe_with_presence() -> ClassifierRecipe:
    model = classifier_mapping()["model"] | {"head_classes": [3, 2, 2]}
    return classifier_recipe(model=model, others={"detector": "detector.pt", "presence_trust": 0.4})


def test_the_bundle_takes_over_the_trust_in_presence() -> None:
    recipe = recipe_with_presence()
    for changed, expected in ((None, 0.4), (0.0, 0.0), (0.9, 0.9)):
        contract = contract_from_recipe(with_presence_trust(recipe, changed))
        assert isinstance(contract.decoder, SoftmaxHeads)
        assert contract.decoder.presence_trust == expected
        assert [output.name for output in contract.outputs] == ["gesture", "handedness", "presence"]


@pytest.mark.parametrize(
    ("recipe", "value", "told"),
    [
        (detector_recipe(), 0.5, "for models trained with others; small-detector is none"),
        (classifier_recipe(), 0.5, "for models trained with others; small-classifier is none"),
        (recipe_with_presence(), 1.5, "must be at least 0 and less than 1, got 1.5"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(recipe: AnyRecipe, value: float, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        with_presence_trust(recipe, value)
    assert with_presence_trust(recipe, None) is recipe
