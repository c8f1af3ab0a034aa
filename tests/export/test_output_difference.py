# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.runners import FakeRunner, TensorSpec
from export.output_difference import ABSOLUTE, RELATIVE, output_differences

INPUT = TensorSpec("x", "float32", ("batch", 2), (4, 2))
OUTPUT = TensorSpec("y", "float32", ("batch", 2))
ONES = [np.ones((3, 2), np.float32)]


def runner(shift: float, *, columns: int = 2) -> FakeRunner:
    def function(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        values = inputs["x"][:, :columns] * 2
        values[0, 0] += np.float32(shift)
        return {"y": values}

    output = TensorSpec("y", "float32", ("batch", columns))
    return FakeRunner(inputs=(INPUT,), outputs=(output,), function=function)


@pytest.mark.parametrize("shift", [0.0, 0.001, -0.5])
def test_the_largest_difference_is_reported_and_weighed(shift: float) -> None:
    (difference,) = output_differences(runner(0), runner(shift), ONES)
    assert difference.output == "y"
    assert difference.max_abs == pytest.approx(abs(shift), abs=1e-6)
    assert difference.of_allowed == pytest.approx(abs(shift) / (ABSOLUTE + RELATIVE * 2), abs=1e-3)


def test_nan_is_as_wrong_as_can_be() -> None:
    (difference,) = output_differences(runner(0), runner(np.nan), ONES)
    assert difference.of_allowed == np.inf


def test_outputs_of_different_shape_cannot_be_compared() -> None:
    with pytest.raises(ModelError, match="must be"):
        output_differences(runner(0), runner(0, columns=1), ONES)


def test_relative_error_and_cosine_are_those_of_all_values() -> None:
    (same,) = output_differences(runner(0), runner(0), ONES)
    assert (same.relative, same.cosine) == pytest.approx((0, 1))
    (shifted,) = output_differences(runner(0), runner(-4), ONES)
    assert shifted.relative == pytest.approx(np.sqrt(16 / 24))
    assert shifted.cosine == pytest.approx(16 / 24)
