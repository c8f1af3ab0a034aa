# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests.training.small_hand import SIDE_PX, hand_outline, hand_points
from tests.training.small_sets import BACKGROUND, SKIN
from training.augment.grasp import MOST_HIDDEN, OpenView, with_held_thing, with_loose_thing
from training.augment.placement import Picture

Put = Callable[[np.random.Generator, OpenView, Picture | None], Picture | None]
# Two of 255: what soft edges leave of a thing inside of what hides it.
SAME = 2


def view(*, curled: bool) -> OpenView:
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.fillPoly(mask, [np.round(hand_outline(curled=curled)).astype(np.int32)], 255)
    picture = np.full((SIDE_PX, SIDE_PX, 3), BACKGROUND, np.uint8)
    picture[mask > 0] = SKIN
    return OpenView(picture, mask, hand_points(curled=curled))


def changes(put: Put, own: OpenView, seeds: int = 40) -> list[Picture]:
    """Return where the picture was changed, (H, W) bool, for each seed that gave one."""
    pictures = [put(np.random.default_rng(seed), own, None) for seed in range(seeds)]
    return [(np.abs(p.astype(int) - own.picture).max(2) > SAME).astype(np.uint8) for p in pictures if p is not None]


def test_a_fist_is_curled_and_stretched_fingers_are_not() -> None:
    assert view(curled=True).curled
    assert not view(curled=False).curled


def test_the_finger_tips_of_a_fist_stay_before_what_it_holds() -> None:
    own = view(curled=True)
    changed = changes(with_held_thing, own)
    assert len(changed) > 30
    tips = np.round(own.points[[8, 12, 16, 20]]).astype(int)
    for change in changed:
        assert change[tips[:, 1], tips[:, 0]].sum() == 0
        # The thing is there to be seen.
        assert change.sum() > 0.05 * own.palm_px**2


def test_now_and_then_the_whole_fist_is_before_the_thing() -> None:
    own = view(curled=True)
    inside = cv2.erode(own.mask, np.ones((9, 9), np.uint8)) > 0
    hidden = [bool(change[inside].any()) for change in changes(with_held_thing, own)]
    assert 5 < sum(hidden) < len(hidden) - 5


def test_the_thumb_of_an_open_hand_stays_before_what_lies_in_it() -> None:
    own = view(curled=False)
    changed = changes(with_held_thing, own)
    assert len(changed) > 20
    x, y = np.round(own.points[3]).astype(int)
    assert not any(change[y, x] for change in changed)
    assert np.mean([change[own.mask > 0].any() for change in changed]) > 0.9


@pytest.mark.parametrize("curled", [True, False])
def test_a_loose_thing_hides_little_of_the_hand(curled: bool) -> None:
    own = view(curled=curled)
    changed = changes(with_loose_thing, own)
    assert len(changed) > 30
    hidden = [change[own.mask > 0].mean() for change in changed]
    # Soft edges reach a pixel farther than the thing.
    assert max(hidden) < MOST_HIDDEN + 0.05
    assert sum(share > 0.02 for share in hidden) > 5


def test_a_thing_that_cannot_be_seen_is_not_held() -> None:
    own = view(curled=True)
    away = OpenView(own.picture, own.mask, own.points + 1000)
    assert with_held_thing(np.random.default_rng(1), away, None) is None


@pytest.mark.parametrize("put", [with_held_thing, with_loose_thing])
def test_things_are_seeded_and_leave_the_picture_they_were_given(put: Put) -> None:
    own = view(curled=True)
    before = own.picture.copy()
    first, second = (put(np.random.default_rng(5), own, None) for _ in range(2))
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(own.picture, before)
