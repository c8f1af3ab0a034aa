# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ctypes.util

import pytest

from edge.errors import DependencyError
from edge.gpu import driver


def test_a_driver_that_lacks_a_function_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    library = ctypes.util.find_library("c")
    assert library is not None
    monkeypatch.setattr(driver, "LIBRARY", library)
    with pytest.raises(DependencyError, match=r"driver has no cuGetErrorName.*update it, or use --device cpu"):
        driver.Driver()
