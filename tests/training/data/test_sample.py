# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from tests.training.small_sets import sample_with


def test_arrays_must_agree_in_the_number_of_hands() -> None:
    with pytest.raises(ValueError, match="a sample of 2 hands needs"):
        sample_with([[0, 0, 9, 9], [5, 5, 9, 9]], ignored=np.zeros(1, np.bool_))
    with pytest.raises(ValueError, match="a sample of 1 hands needs"):
        sample_with([[0, 0, 9, 9]], gestures=())


def test_added_hands_come_last_and_have_no_names() -> None:
    sample = sample_with([[0, 0, 9, 9]], gestures=("fist",), handedness=("left",))
    more = sample.with_boxes(np.array([[1, 1, 5, 5]], np.float64), np.array([True]))
    assert more.boxes_xyxy.dtype == np.float32
    np.testing.assert_array_equal(more.boxes_xyxy, [[0, 0, 9, 9], [1, 1, 5, 5]])
    assert more.ignored.tolist() == [False, True]
    assert (more.gestures, more.handedness, more.outlines) == (("fist", None), ("left", None), (None, None))
    assert np.isnan(more.keypoints).all()
    assert len(sample.boxes_xyxy) == 1
