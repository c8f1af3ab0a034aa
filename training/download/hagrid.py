# SPDX-License-Identifier: Apache-2.0
"""Where HaGRID's archives are.

Source: `download.py` (v1) and `README.md` (v2) of https://github.com/hukenovs/hagrid.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.errors import UsageError
from edge.gesture import NO_GESTURE
from training.data.hagrid_gestures import HAGRID_V1_GESTURES, HAGRID_V2_GESTURES

_V1 = "https://n-usr-2uzac.s3pd12.sbercloud.ru/b-usr-2uzac-mv4/hagrid/"
_V2 = "https://rndml-team-cv.obs.ru-moscow-1.hc.sbercloud.ru/datasets/hagrid_v2/"
_BETWEEN = (
    "https://rndml-team-cv.obs.ru-moscow-1.hc.sbercloud.ru/datasets/hagrid/hagrid_dataset_new_554800/hagrid_dataset/"
)
# Gestures of version 1 that version 2 has in its own place.
_MOVED = frozenset({"one", "rock", NO_GESTURE})
_PARTS = {1: ("train", "test", "subset"), 2: ("train", "light")}
_V1_NAMES = {"train": "train_val", "test": "test", "subset": "subsample"}


def hagrid_archives(
    version: int,
    parts: Sequence[str],
    targets: Sequence[str] = (),
    *,
    annotations: bool,
    dataset: bool,
    mirror: str | None = None,
) -> list[str]:
    """Return the addresses of the archives of these `parts` of version 1 or 2, of `annotations`, pictures or both.

    `dataset` asks for the pictures, and `targets` are their gestures, by default all; only those of the part "train"
    come gesture by gesture. Version 2 has one archive of annotations for all of it, and "light" is its pictures at 512
    pixels. `mirror` is the address of a folder that holds them all. Raises `UsageError` for a part or gesture that the
    version does not have, and for neither annotations nor pictures.
    """
    if not annotations and not dataset:
        raise UsageError("say what to download: --annotations, --dataset or both")
    _require(parts, _PARTS[version], f"HaGRID v{version} has the parts")
    gestures = HAGRID_V2_GESTURES if version == 2 else HAGRID_V1_GESTURES[:-1]
    _require(targets, gestures, f"HaGRID v{version} has the gestures")
    addresses: list[str] = []
    for part in parts:
        if annotations:
            addresses.append(
                f"{_V2}annotations_with_landmarks/annotations.zip"
                if version == 2
                else f"{_V1}ann_{_V1_NAMES[part]}.zip"
            )
        if dataset:
            addresses += _pictures(version, part, targets or gestures)
    if mirror is not None:
        addresses = [f"{mirror.rstrip('/')}/{address.rsplit('/', 1)[-1]}" for address in addresses]
    return list(dict.fromkeys(addresses))


def _pictures(version: int, part: str, gestures: Sequence[str]) -> list[str]:
    if part == "light":
        return [f"{_V2}hagridv2_512.zip"]
    if part != "train":
        return [f"{_V1}{_V1_NAMES[part]}.zip"]
    if version == 1:
        return [f"{_V1}train_val_{gesture}.zip" for gesture in gestures]
    kept = set(HAGRID_V1_GESTURES) - _MOVED
    return [f"{_BETWEEN}{name}.zip" if name in kept else f"{_V2}hagrid_v2_zip/{name}.zip" for name in gestures]


def _require(given: Sequence[str], known: Sequence[str], told: str) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise UsageError(f"{told} {', '.join(known)}; not {', '.join(unknown)}")
