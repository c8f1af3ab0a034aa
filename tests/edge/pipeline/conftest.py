# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.edge.pipeline.scripted import threads_left


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    """Fail any test after which a thread of a run is still there."""
    before = set(threading.enumerate())
    yield
    assert not threads_left(before)
