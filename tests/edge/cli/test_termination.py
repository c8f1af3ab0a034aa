# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import signal

import pytest

from edge.cli.outcome import TERMINATED
from edge.cli.termination import leaving_on_termination


def test_termination_leaves_with_its_exit_code() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left, leaving_on_termination():
        signal.raise_signal(signal.SIGTERM)
    assert left.value.code == TERMINATED
    assert signal.getsignal(signal.SIGTERM) is before


def interrupted_library() -> None:
    try:
        signal.raise_signal(signal.SIGTERM)
    except SystemExit as exit_:
        raise RuntimeError("interrupted") from exit_


def test_an_error_that_termination_was_made_into_is_a_termination() -> None:
    with pytest.raises(SystemExit) as left, leaving_on_termination():
        interrupted_library()
    assert left.value.code == TERMINATED


def test_another_error_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="of its own"), leaving_on_termination():
        raise RuntimeError("of its own")
