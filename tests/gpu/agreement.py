# SPDX-License-Identifier: Apache-2.0
"""Whether a kernel gives what its twin gives, within the tolerance that its contract states."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge.gpu.arrays import DeviceType
from tests.gpu import answer_cases as answers
from tests.gpu.devices import Device, Host
from tests.gpu.warp_cases import STD, CropsCase, FrameCase

# Of the twin's fixed point, where it does not shrink by far.
MAX_ERROR_OF_255 = 0.1
# A value of float16 near 2 is rounded by 2^-10 at most.
HALF_ROUNDING = 1e-3
# Logits on the border of a mask may be equal but for rounding.
MOST_OTHER_LABELS = 1e-4
TOLERANCES = {
    "boxes": 1e-3,
    "scores": 1e-6,
    "shares": 1e-6,
    "keypoints": 1e-3,
    "points": 1e-5,
    "kept_scores": 1e-6,
}
HALF = DeviceType.float16
ANSWERS: dict[str, Callable[[Device], answers.Answers]] = {
    "decode": answers.decode,
    "decode, half precision": partial(answers.decode, dtype=HALF),
    "decode, nothing found": partial(answers.decode, min_score=1.0),
    "decode, few kept of many": partial(answers.decode, density=0.9, max_candidates=150, max_hands=5),
    "decode, every cell": partial(answers.decode, density=0.5, min_score=0.0, max_candidates=1024, max_hands=1024),
    "decode, cells that are not finite": partial(answers.decode, spoil=True),
    "decode, more than can be ranked": answers.decode_many,
    "SimCC": answers.simcc,
    "SimCC, half precision, some": partial(answers.simcc, dtype=HALF, count=4),
    "SimCC, not finite": partial(answers.simcc, spoil=True),
    "peaks": answers.peaks,
    "peaks, their cells alone": partial(answers.peaks, reach=0, count=5),
    "peaks, half precision, far": partial(answers.peaks, dtype=HALF, reach=40),
    "peaks, not finite": partial(answers.peaks, spoil=True),
    "classes": answers.classes,
    "two classes, half precision": partial(answers.classes, classes=2, dtype=HALF),
    "many classes, some": partial(answers.classes, classes=77, count=3),
    "classes, not finite": partial(answers.classes, spoil=True),
    "second look": answers.second_look,
    "second look, some": partial(answers.second_look, count=9),
    "second look of many": partial(answers.second_look, rows=1000),
    "second look of none": partial(answers.second_look, count=0),
    "second look, not finite": partial(answers.second_look, spoil=True),
    "masks": answers.masks,
    "masks of one class": partial(answers.masks, classes=1),
    "masks, half precision, some": partial(answers.masks, dtype=HALF, count=2),
    "pose as it is": partial(answers.pose, upright=False, one_sided=False),
    "pose upright": partial(answers.pose, upright=True, one_sided=False, count=3),
    "pose upright, one-sided": partial(answers.pose, upright=True, one_sided=True),
    "pose one-sided, half precision": partial(answers.pose, upright=False, one_sided=True, dtype=HALF),
}


def _assert_levels_agree(
    found: NDArray[np.floating], expected: NDArray[np.floating], dtype: DeviceType, error_of_255: float
) -> None:
    tolerance = error_of_255 / min(STD) + (HALF_ROUNDING if dtype is HALF else 0)
    np.testing.assert_allclose(found.astype(np.float32), expected.astype(np.float32), rtol=0, atol=tolerance)


def assert_frame_agrees(device: Device, case: FrameCase) -> None:
    _assert_levels_agree(case.run(device), case.run(Host()), case.dtype, case.max_error_of_255)


def assert_crops_agree(device: Device, case: CropsCase) -> None:
    (found, maps, fault), (expected, expected_maps, expected_fault) = case.run(device), case.run(Host())
    _assert_levels_agree(found, expected, case.dtype, MAX_ERROR_OF_255)
    np.testing.assert_allclose(maps, expected_maps, rtol=1e-12)
    assert fault == expected_fault


def assert_answers_agree(device: Device, case: str) -> None:
    found, expected = ANSWERS[case](device), ANSWERS[case](Host())
    assert set(found) == set(expected)
    for name, values in expected.items():
        if name == "labels":
            assert (found[name] != values).mean() <= MOST_OTHER_LABELS
            continue
        tolerance = TOLERANCES.get(name, 0) + (HALF_ROUNDING if values.dtype == np.float16 else 0)
        own, its = found[name].astype(np.float64), values.astype(np.float64)
        np.testing.assert_allclose(own, its, rtol=0, atol=tolerance, err_msg=name)
