# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.pipeline.latency import KEPT, LatencyRecord


@given(st.lists(st.floats(0, 1e4, width=32), min_size=1, max_size=50))
def test_percentiles_are_those_of_the_values(values_ms: list[float]) -> None:
    record = LatencyRecord()
    for value_ms in values_ms:
        record.add(value_ms)
    expected = np.percentile(np.array(values_ms, np.float32), (50, 95, 99))
    assert list(record.percentiles_ms().values()) == pytest.approx(expected.tolist())


def test_old_values_make_room_for_new_ones() -> None:
    record = LatencyRecord()
    for value_ms in (*[1000.0] * 10, *[1.0] * KEPT):
        record.add(value_ms)
    assert record.percentiles_ms() == {"p50": 1.0, "p95": 1.0, "p99": 1.0}


def test_nothing_recorded_has_no_percentiles() -> None:
    assert LatencyRecord().percentiles_ms() == {}
