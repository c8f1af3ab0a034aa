# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import UsageError
from edge.sources.query import NumberOption, query_values

OPTIONS = {"width": NumberOption(16, 4096), "fps": NumberOption(1, 1000, whole=False)}


def test_values_are_read() -> None:
    assert query_values("test:hands?width=640&fps=29.97", OPTIONS) == {"width": 640, "fps": 29.97}
    assert query_values("test:hands", OPTIONS) == {}


def test_unknown_option_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'width'\? the options are fps, width"):
        query_values("test:hands?widht=640", OPTIONS)


@pytest.mark.parametrize("text", ["", "x", "15", "4097", "640.5", "nan", "inf", "-640", "1e3"])
def test_value_that_is_not_allowed_is_told_the_limits(text: str) -> None:
    with pytest.raises(UsageError, match=r"'width' .* must be a whole number from 16 to 4096"):
        query_values(f"test:hands?width={text}", OPTIONS)


def test_large_limit_is_told_in_full() -> None:
    with pytest.raises(UsageError, match=r"must be a whole number from 0 to 4294967295, got 'x'"):
        query_values("test:hands?seed=x", {"seed": NumberOption(0, 2**32 - 1)})


def test_option_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        query_values("test:hands?fps=10&fps=20", OPTIONS)


@given(st.text())
def test_any_text_is_values_or_a_usage_error(text: str) -> None:
    try:
        values = query_values(f"test:hands?{text}", OPTIONS)
    except UsageError:
        return
    assert all(OPTIONS[key].low <= value <= OPTIONS[key].high for key, value in values.items())
