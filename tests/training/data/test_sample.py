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
