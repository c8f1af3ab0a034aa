# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from edge.errors import UsageError
from training.data.hagrid_gestures import HAGRID_V1_GESTURES, HAGRID_V2_GESTURES
from training.download.hagrid import hagrid_archives


def names(addresses: list[str]) -> list[str]:
    return [address.rsplit("/", 1)[-1] for address in addresses]


def test_version_1_has_an_archive_a_gesture_and_annotations_a_part() -> None:
    found = names(hagrid_archives(1, ["train", "test", "subset"], annotations=True, dataset=True))
    gestures = [f"train_val_{name}.zip" for name in HAGRID_V1_GESTURES[:-1]]
    others = ["test.zip", "subsample.zip", "ann_train_val.zip", "ann_test.zip", "ann_subsample.zip"]
    assert sorted(found) == sorted([*gestures, *others])


def test_version_2_has_an_archive_a_gesture_and_one_of_annotations() -> None:
    addresses = hagrid_archives(2, ["train"], annotations=True, dataset=True)
    assert names(addresses) == ["annotations.zip", *(f"{name}.zip" for name in HAGRID_V2_GESTURES)]
    assert all(address.startswith("https://") for address in addresses)
    # What version 2 took over from version 1 stayed where it was, with few exceptions.
    places = {address.rsplit("/", 1)[-1]: address.rsplit("/", 2)[-2] for address in addresses[1:]}
    assert (places["call.zip"], places["one.zip"], places["grip.zip"]) == (
        "hagrid_dataset",
        "hagrid_v2_zip",
        "hagrid_v2_zip",
    )
    assert names(hagrid_archives(2, ["light"], annotations=False, dataset=True)) == ["hagridv2_512.zip"]


def test_targets_choose_gestures() -> None:
    chosen = hagrid_archives(1, ["train"], ["like", "fist", "like"], annotations=False, dataset=True)
    assert names(chosen) == ["train_val_like.zip", "train_val_fist.zip"]


def test_a_mirror_has_all_in_one_folder() -> None:
    found = hagrid_archives(2, ["train"], ["grip"], annotations=True, dataset=True, mirror="http://host/here/")
    assert found == ["http://host/here/annotations.zip", "http://host/here/grip.zip"]


@pytest.mark.parametrize(
    ("version", "parts", "targets", "message"),
    [
        (1, ["light"], [], "HaGRID v1 has the parts train, test, subset; not light"),
        (2, ["subset"], [], "HaGRID v2 has the parts train, light; not subset"),
        (1, ["train"], ["grip", "fist"], "HaGRID v1 has the gestures call, .*; not grip"),
    ],
)
def test_what_a_version_does_not_have_is_named(
    version: int, parts: list[str], targets: list[str], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        hagrid_archives(version, parts, targets, annotations=True, dataset=True)


def test_nothing_to_download_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="--annotations, --dataset or both"):
        hagrid_archives(1, ["train"], annotations=False, dataset=False)
