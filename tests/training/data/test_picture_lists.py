# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from edge.errors import SourceError
from tests.training.small_sets import write_listed
from training.data.catalogue import held_out_samples, samples_of
from training.data.picture_lists import read_picture_lists
from training.recipe import DataRecipe


def data(**changes: object) -> DataRecipe:
    sets = [{"path": "hold", "layout": "lists", "hand_share": 0.5, "group_pictures": 3}]
    return DataRecipe.model_validate({"sets": sets, "validate_every": 4, **changes})


def test_pictures_are_listed_with_what_they_show(tmp_path: Path) -> None:
    write_listed(tmp_path, train=4, test=2)
    samples = read_picture_lists(tmp_path, hand_share=0.5, group_pictures=1)
    assert [(sample.split, sample.holding) for sample in samples] == [
        ("train", (False,)),
        ("train", (True,)),
        ("train", (False,)),
        ("train", (True,)),
        ("test", (False,)),
        ("test", (True,)),
    ]
    assert samples[1].path == (tmp_path / "train" / "HoldingObject" / "2.png").resolve()
    assert samples[1].boxes_xyxy.tolist() == [[28.0, 28.0, 84.0, 84.0]]
    assert len({sample.group for sample in samples}) == 6


def test_numbered_pictures_are_grouped_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write_listed(tmp_path, train=24)
    samples = read_picture_lists(tmp_path, hand_share=1.0, group_pictures=3)
    grouped: dict[str, list[int]] = {}
    for sample in samples:
        grouped.setdefault(sample.group, []).append(int(sample.path.stem))
    # In a folder every second number is there, and 10 comes after 8.
    assert sorted(sorted(numbers) for numbers in grouped.values()) == [
        [1, 3, 5],
        [2, 4, 6],
        [7, 9, 11],
        [8, 10, 12],
        [13, 15, 17],
        [14, 16, 18],
        [19, 21, 23],
        [20, 22, 24],
    ]


def test_each_group_is_tested_in_one_fold(tmp_path: Path) -> None:
    write_listed(tmp_path / "hold", train=24, test=2)
    tested: Counter[Path] = Counter()
    for fold in range(4):
        recipe = data(folds=4, fold=fold)
        held = held_out_samples(recipe, tmp_path)
        assert sorted(sample.holding for sample in held) == [(False,)] * 3 + [(True,)] * 3
        rest = [sample for sample in samples_of(recipe, tmp_path, seed=0) if sample.split != "test"]
        assert len(rest) == 18
        assert not {sample.group for sample in rest} & {sample.group for sample in held}
        tested.update(sample.path for sample in held)
    assert set(tested.values()) == {1}
    assert len(tested) == 24
    assert not any("test" in path.parts for path in tested)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("HoldingNothing//1.png", "line 3: expected `Folder//file.jpg  label` with label 0"),
        ("HoldingNothing//1.png  2", r"line 3: expected .* got 'HoldingNothing//1.png  2'"),
        ("HoldingNothing//none.png  0", r"line 3: .*none\.png does not exist; correct the line"),
    ],
)
def test_a_wrong_line_is_named_with_its_number(tmp_path: Path, line: str, told: str) -> None:
    write_listed(tmp_path, train=1)
    file = tmp_path / "train" / "train.list"
    file.write_text(f"HoldingNothing//1.png  0\n\n{line}\n", encoding="utf-8")
    with pytest.raises(SourceError, match=told) as raised:
        read_picture_lists(tmp_path, hand_share=1.0, group_pictures=1)
    assert str(file) in str(raised.value)


def test_a_folder_without_lists_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has no list of pictures; expected .*train\.list"):
        read_picture_lists(tmp_path, hand_share=1.0, group_pictures=1)


def test_the_real_lists_have_three_copies_of_each_picture(data_dir: Path) -> None:
    samples = read_picture_lists(data_dir / "hold", hand_share=0.5, group_pictures=3)
    assert Counter(sample.split for sample in samples) == {"train": 435, "test": 18}
    assert Counter(sample.holding for sample in samples if sample.split == "test") == {(False,): 11, (True,): 7}
    sizes = Counter(sample.group for sample in samples if sample.split == "train")
    assert set(sizes.values()) == {3}
