# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge.errors import SourceError, UsageError
from tests.training.small_sets import (
    annotation,
    hagrid_hands,
    picture_with,
    sample_with,
    write_coco,
    write_hagrid,
    write_hands,
)
from training.data.catalogue import held_out_samples, samples_of
from training.data.labels import holding_labels
from training.data.sample import HandSample
from training.recipe import DataRecipe

Sides = dict[tuple[str, str], set[str]]


def data(*paths: str, **changes: Any) -> DataRecipe:
    return DataRecipe.model_validate({"sets": [{"path": path} for path in paths], "validate_every": 3, **changes})


def sides_of(samples: Iterable[HandSample]) -> Sides:
    sides: Sides = defaultdict(set)
    for sample in samples:
        sides[sample.dataset, sample.group].add(sample.split)
    return dict(sides)


def write_scenes(folder: Path, *, groups: int, each: int) -> Path:
    """Write a training set of `groups` scenes with `each` pictures."""
    images = [{"split": "train", "group": f"scene-{number % groups}"} for number in range(groups * each)]
    return write_coco(folder, images, [annotation(number, 9, 9, 39, 39) for number in range(len(images))])


def test_a_group_is_on_one_side_and_about_one_in_n_validates(tmp_path: Path) -> None:
    write_scenes(tmp_path / "hands", groups=30, each=2)
    samples = samples_of(data("hands"), tmp_path, seed=0)
    sides = sides_of(samples)
    assert len(samples) == 60
    assert all(len(splits) == 1 for splits in sides.values())
    # A fair choice of one in three among 30 groups lies between 4 and 17 but for one in a thousand.
    assert 4 <= sum(splits == {"validation"} for splits in sides.values()) <= 17


def test_the_side_of_a_group_does_not_depend_on_other_sets_or_the_seed(tmp_path: Path) -> None:
    write_scenes(tmp_path / "hands", groups=12, each=1)
    write_scenes(tmp_path / "others", groups=9, each=1)
    alone = sides_of(samples_of(data("hands"), tmp_path, seed=0))
    together = sides_of(samples_of(data("others", "hands"), tmp_path, seed=9))
    assert {group: side for group, side in together.items() if group[0] == "hands"} == alone


def test_a_tested_group_is_not_trained_on_and_a_validated_one_validates(tmp_path: Path) -> None:
    images = [
        {"split": "test", "group": "kitchen"},
        {"split": "train", "group": "kitchen"},
        {"split": "val", "group": "office"},
        {"split": "train", "group": "office"},
    ]
    write_coco(tmp_path / "hands", images, [])
    samples = samples_of(data("hands", validate_every=1_000_000), tmp_path, seed=0)
    assert sides_of(samples) == {("hands", "kitchen"): {"test"}, ("hands", "office"): {"validation"}}
    assert len(samples) == 3


def test_the_same_group_name_in_another_set_is_another_group(tmp_path: Path) -> None:
    write_coco(tmp_path / "hands", [{"split": "test", "group": "kitchen"}], [])
    write_coco(tmp_path / "others", [{"split": "train", "group": "kitchen"}], [])
    samples = samples_of(data("hands", "others", validate_every=1_000_000), tmp_path, seed=0)
    assert sorted(sample.split for sample in samples) == ["test", "train"]


def test_an_excluded_licence_is_tested_on_but_never_trained_on(tmp_path: Path) -> None:
    flickr = "mixed Flickr CC"
    images = [{"split": split, "group": f"{split}-{n}", "licence": flickr} for split in ("train", "test") for n in "ab"]
    write_coco(tmp_path / "hands", [*images, {"split": "train", "group": "free"}], [], info={"licence": "MIT"})
    samples = samples_of(data("hands", excluded_licences=["Flickr"], validate_every=1_000_000), tmp_path, seed=0)
    assert [sample.split for sample in samples if sample.licence == flickr] == ["test", "test"]
    assert [sample.group for sample in samples if sample.split == "train"] == ["free"]


def test_a_recipe_may_state_the_licence_and_the_gestures_of_labels(tmp_path: Path) -> None:
    write_hands(tmp_path / "hands", splits=["train"], label="5")
    entry = {"path": "hands", "licence": "MIT", "gesture_of_label": {"5": "palm"}}
    (sample,) = samples_of(DataRecipe.model_validate({"sets": [entry]}), tmp_path, seed=0)
    assert (sample.licence, sample.gestures) == ("MIT", ("palm",))


def test_a_set_says_what_its_hands_hold_where_their_annotations_do_not(tmp_path: Path) -> None:
    told = [annotation(0, 9, 9, 39, 39), annotation(1, 9, 9, 39, 39) | {"holding": True}]
    write_coco(tmp_path / "hands", [{"split": "train"}] * 2, told)
    for holding in (None, False):
        read = samples_of(data(sets=[{"path": "hands", "holding": holding}]), tmp_path, seed=0)
        assert [sample.holding for sample in read] == [(holding,), (True,)]


def test_labels_of_the_project_say_what_hands_hold(tmp_path: Path) -> None:
    labels = holding_labels("people_vlad")
    told = [annotation(number, 9, 9, 39, 39) | {"id": label_id} for number, label_id in enumerate([*labels, 10**6])]
    write_coco(tmp_path / "people_vlad", [{"split": "train"}] * len(told), told)
    read = samples_of(data(sets=[{"path": "people_vlad", "labelled": True}]), tmp_path, seed=0)
    assert [sample.holding for sample in read] == [*((holding,) for holding in labels.values()), (None,)]
    write_coco(tmp_path / "others", [{"split": "train"}], [annotation(0, 9, 9, 39, 39)])
    with pytest.raises(UsageError, match="says nothing of others; leave out labelled"):
        samples_of(data(sets=[{"path": "others", "labelled": True}]), tmp_path, seed=0)


def test_layouts_are_read_side_by_side(tmp_path: Path) -> None:
    write_hands(tmp_path / "hands", splits=["train"])
    for split in ("train_val", "test"):
        write_hagrid(tmp_path / "gestures", split, "fist", {split: hagrid_hands(["fist"], user_id=split)})
    (tmp_path / "desks").mkdir()
    cv2.imwrite(str(tmp_path / "desks" / "a.png"), picture_with([]))
    sets = [
        {"path": "hands"},
        {"path": "gestures", "layout": "hagrid", "licence": "MIT"},
        {"path": "desks", "layout": "no-hands", "licence": "CC0-1.0"},
    ]
    recipe = DataRecipe.model_validate({"sets": sets, "validate_every": 1_000_000})
    found = [(sample.dataset, sample.split, sample.licence) for sample in samples_of(recipe, tmp_path, seed=0)]
    assert sorted(found) == [
        ("desks", "train", "CC0-1.0"),
        ("gestures", "test", "MIT"),
        ("gestures", "train", "MIT"),
        ("hands", "train", "CC0-1.0"),
    ]


def test_rendered_scenes_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "desks").mkdir()
    entry = {"path": "desks", "layout": "rendered", "count": 1}
    recipe = DataRecipe.model_validate({"sets": [entry], "validate_every": 1_000_000})
    (first,) = samples_of(recipe, tmp_path, seed=7)
    assert (first.dataset, first.split) == ("rendered", "train")
    assert None not in first.gestures
    drawn_ns = first.path.stat().st_mtime_ns
    (again,) = samples_of(recipe, tmp_path, seed=7)
    assert again.path.stat().st_mtime_ns == drawn_ns


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="hands does not exist; set the data root"):
        samples_of(data("hands"), tmp_path, seed=0)


def test_held_out_pictures_are_the_tests_and_nothing_is_rendered_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_hands(tmp_path / "hands", splits=["train", "test", "val", "test"])
    sets = [{"path": "hands"}, {"path": "desks", "layout": "rendered"}, {"path": "chairs", "layout": "no-hands"}]
    samples = held_out_samples(DataRecipe.model_validate({"sets": sets}), tmp_path)
    assert [sample.path.name for sample in samples] == ["1.png", "3.png"]
    assert not (tmp_path / "cache").exists()


def test_nothing_to_test_on_is_an_error(tmp_path: Path) -> None:
    write_hands(tmp_path / "hands", splits=["train"])
    with pytest.raises(SourceError, match="has test pictures"):
        held_out_samples(data("hands"), tmp_path)


def test_samples_say_where_they_come_from() -> None:
    assert repr(sample_with([[0, 0, 9, 9]])) == "HandSample(small/picture.png, train, hands=1)"
