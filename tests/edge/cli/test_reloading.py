# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import threading

from edge.cli.reloading import Reloading
from edge.config import Config
from edge.config.source_settings import SourceSettings
from edge.configured_run import ConfiguredRun


def test_hang_up_before_there_is_a_run_is_applied_to_it() -> None:
    config = Config(sources=(SourceSettings(uri="test:hands"),), models=("hand-detector",), max_frames=1)
    told: list[str] = []
    was_told = threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        was_told.set()

    before = signal.getsignal(signal.SIGHUP)
    with Reloading(lambda: config, tell=tell) as reloading:
        os.kill(os.getpid(), signal.SIGHUP)
        with ConfiguredRun(config) as run, reloading.applied_to(run):
            assert was_told.wait(10)
    assert signal.getsignal(signal.SIGHUP) is before
    assert len(told) == 1
    assert told[0].startswith("configuration read again")
