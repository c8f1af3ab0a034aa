# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.errors import UsageError
from edge.preprocess import Preprocessor
from tests.training.small_recipes import GESTURES, classifier_mapping, detector_mapping
from training.data.hagrid_gestures import HAGRID_V1_GESTURES, HAGRID_V2_GESTURES
from training.recipe import (
    ClassifierRecipe,
    DetectorRecipe,
    HoldingRecipe,
    InputRecipe,
    KeypointsRecipe,
    PoseRecipe,
    SetRecipe,
)
from training.recipe_from_file import RECIPES, read_recipe, recipe_from_mapping

SHIPPED = sorted(path.stem for path in RECIPES.glob("*.yaml"))


def written(path: Path, content: object) -> str:
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return str(path)


def test_a_recipe_ships_for_each_task() -> None:
    names = [
        "gesture-classifier", "hagrid", "hagrid-v2", "hand-deeplab", "hand-detector", "hand-keypoints", "hand-lraspp",
        "hand-pose", "hand-segmenter", "holding",
    ]  # fmt: skip
    assert names == SHIPPED
    assert isinstance(read_recipe("hand-detector"), DetectorRecipe)
    assert isinstance(read_recipe("gesture-classifier"), ClassifierRecipe)
    assert isinstance(read_recipe("hand-keypoints"), KeypointsRecipe)
    assert isinstance(read_recipe("hand-pose"), PoseRecipe)
    assert isinstance(read_recipe("holding"), HoldingRecipe)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_bears_its_name_and_excludes_what_may_not_be_trained_on(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe.name == name
    assert "Flickr" in recipe.data.excluded_licences
    # These pictures have no licence: they are for tests and comparisons.
    # Generated pictures are nobody's likeness, and there are no others of holding hands.
    allowed = {"hold"} if name == "holding" else set()
    assert not ({"hold_generated", "hold", "pose_thumbs"} - allowed) & {entry.dataset for entry in recipe.data.sets}


def test_the_shipped_classifier_knows_the_gestures_of_hagrid() -> None:
    recipe = read_recipe("gesture-classifier")
    assert isinstance(recipe, ClassifierRecipe)
    assert recipe.gestures == HAGRID_V1_GESTURES


def test_the_recipes_of_hagrid_know_its_gestures() -> None:
    first, second = read_recipe("hagrid"), read_recipe("hagrid-v2")
    assert isinstance(first, ClassifierRecipe)
    assert isinstance(second, ClassifierRecipe)
    assert first.gestures == HAGRID_V1_GESTURES
    assert second.gestures == HAGRID_V2_GESTURES
    assert (list(first.heads), list(second.heads)) == (["gesture", "handedness"], ["gesture"])


def test_stages_of_the_shipped_detector_end_with_the_training_at_its_input() -> None:
    recipe = read_recipe("hand-detector")
    assert isinstance(recipe, DetectorRecipe)
    ends = [stage.until for stage in recipe.stages]
    assert ends == sorted(ends)
    assert ends[-1] == 1.0
    assert max(recipe.stages[-1].sides_px) == recipe.input.width_px == recipe.input.height_px


@pytest.mark.parametrize("name", SHIPPED)
def test_a_recipe_survives_a_checkpoint(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe_from_mapping(recipe.model_dump(mode="json"), origin="a checkpoint") == recipe


def test_a_file_is_read_and_changed(tmp_path: Path) -> None:
    path = written(tmp_path / "own.yaml", detector_mapping())
    changes = ["schedule.steps=7", "model.widths=[8, 8, 8, 8, 8]", "augment.mosaic=0.5", "data.excluded_licences=[]"]
    recipe = read_recipe(path, changes)
    assert isinstance(recipe, DetectorRecipe)
    assert recipe.schedule.steps == 7
    assert recipe.model["widths"] == [8, 8, 8, 8, 8]
    assert recipe.augment.mosaic == 0.5
    assert recipe.data.excluded_licences == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("schedule.stepps=7", r"unknown key 'schedule\.stepps'; did you mean 'steps'\?"),
        ("shedule.steps=7", r"unknown key 'shedule'; did you mean 'schedule'\?"),
        ("zzzz=1", "unknown key 'zzzz'$"),
        ("schedule.steps=-1", r"schedule\.steps: .*greater than 0"),
        ("schedule.steps=many", r"schedule\.steps: .*integer"),
        ("schedule.rate=.inf", r"schedule\.rate: .*finite"),
        ("schedule.steps", "expected key=value, got 'schedule.steps'; for example"),
        ("=3", "expected key=value"),
        ("name.first=3", "name holds a value, not further keys"),
        ("schedule.steps=[1", "the value is not YAML"),
        ("task=segmenter", "task"),
        ("stages=[]", "stages: .*at least 1"),
        ("stages=[{until: 1.0, sides_px: [100]}]", r"sides_px\.0: .*multiple of 32"),
        ("data.sets=[]", r"data\.sets: .*at least 1"),
        ("data.sets=[{path: a/hands}, {path: b/hands}]", "each set needs a name of its own.*twice: hands"),
    ],
)
def test_a_wrong_change_is_one_sentence_that_names_it(tmp_path: Path, change: str, message: str) -> None:
    path = written(tmp_path / "own.yaml", detector_mapping())
    with pytest.raises(UsageError, match=message) as told:
        read_recipe(path, [change])
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"untrained_gestures": ["wave"]}, "untrained_gestures must be among gestures, these are not: wave"),
        ({"gestures": ["fist", "palm"]}, r"model\.head_classes must be \[2, 2\].*got \[3, 2\]"),
        ({"handedness": False}, r"model\.head_classes must be \[3\], for gesture, got \[3, 2\]"),
        (
            {"model": {"architecture": "vit_b_32", "head_classes": [3, 2]}},
            r"input\.width_px must be model\.side_px, 224, got 32",
        ),
    ],
)
def test_a_classifiers_gestures_must_agree(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        recipe_from_mapping(classifier_mapping(**changes), origin="here")


def test_gestures_are_the_recipes() -> None:
    recipe = recipe_from_mapping(classifier_mapping(), origin="here")
    assert isinstance(recipe, ClassifierRecipe)
    assert recipe.gestures == GESTURES


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [", "is not YAML"),
        ("- a\n- b", "must hold keys and values"),
        ("", "must hold keys and values"),
        ("name: x", "task"),
    ],
)
def test_a_file_that_is_no_recipe_is_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    path = written(tmp_path / "own.yaml", content)
    with pytest.raises(UsageError, match=message) as told:
        read_recipe(path)
    assert path in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["nothing", "nothing.yaml"])
def test_a_missing_recipe_lists_those_that_ship(name: str) -> None:
    with pytest.raises(
        UsageError, match=f"there is no recipe '{name}'; .*gesture-classifier, hagrid, hagrid-v2, hand-deeplab"
    ):
        read_recipe(name)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fit": "crop", "multiple_px": None, "width_px": 32}, "input: fit 'crop' takes squares"),
        ({"multiple_px": 48}, "input: width_px and height_px must be multiples of 48"),
        ({"std": [1.0, 0.0, 1.0]}, "input: std must lie within 0.001 and 1000"),
        ({"crop_margin": -1.0}, r"input\.crop_margin: "),
        ({"width_px": 0}, r"input\.width_px: "),
    ],
)
def test_an_input_that_no_device_takes_is_refused(changes: dict[str, Any], message: str) -> None:
    mapping = detector_mapping()
    with pytest.raises(UsageError, match=message):
        recipe_from_mapping(mapping | {"input": mapping["input"] | changes}, origin="here")


@pytest.mark.parametrize("colour", ["rgb", "gray"])
def test_an_input_is_the_devices_contract(colour: str) -> None:
    own = InputRecipe.model_validate({"fit": "letterbox", "width_px": 64, "height_px": 64, "colour": colour})
    contract = own.contract()
    assert Preprocessor(contract).tensor_hw(100, 50) == (64, 64)
    assert len(contract.mean) == contract.channels


def test_a_set_is_named_by_the_end_of_its_path() -> None:
    assert SetRecipe(path="boxes/hands").dataset == "hands"
    assert SetRecipe(path="negatives", layout="rendered").dataset == "rendered"


def test_a_detector_does_not_learn_from_lists_without_boxes(tmp_path: Path) -> None:
    data = {"sets": [{"path": "hold", "layout": "lists"}]}
    path = written(tmp_path / "detector.yaml", detector_mapping(data=data))
    with pytest.raises(UsageError, match="nobody drew boxes in sets of the layout lists"):
        read_recipe(path)


def test_scores_of_others_must_leave_room_between_them() -> None:
    with pytest.raises(UsageError, match=r"others\.max_score must be above min_score, got 0\.1 and 0\.2"):
        read_recipe("hand-keypoints", ["others.max_score=0.1"])
