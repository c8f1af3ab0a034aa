# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import threading
from itertools import count

import pytest

from edge.telemetry import Sampler
from edge.telemetry.sampler import KEPT
from edge.telemetry.threads import thread_times


def test_the_first_and_the_last_sample_are_those_of_the_ends() -> None:
    numbers = count()
    with Sampler(lambda: next(numbers), interval_s=60) as sampler:
        assert list(sampler.samples) == [0]
    assert list(sampler.samples) == [0, 1]


def test_memory_is_fixed_and_the_whole_run_is_kept() -> None:
    numbers, enough = count(), threading.Event()

    def read() -> int:
        number = next(numbers)
        if number == KEPT + 10:
            enough.set()
        return number

    with Sampler(read, interval_s=1e-4) as sampler:
        assert enough.wait(20)
    samples = list(sampler.samples)
    assert samples[0] == 0
    assert samples == sorted(samples)
    assert len(samples) < KEPT
    assert sampler.interval_s == 2e-4


def test_what_goes_wrong_while_sampling_is_raised_at_the_end() -> None:
    failed = threading.Event()

    def read() -> int:
        if threading.current_thread().name == "telemetry":
            failed.set()
            raise OSError("gone")
        return 1

    with pytest.raises(OSError, match="gone"), Sampler(read, interval_s=1e-3):
        assert failed.wait(10)


def test_the_time_of_a_thread_is_told_under_its_name() -> None:
    spun, told = threading.Event(), threading.Event()

    def spin() -> None:
        while thread_times()[threading.get_native_id()].cpu_s < 0.05:
            pass
        spun.set()
        told.wait(10)

    thread = threading.Thread(target=spin, name="spinner")
    thread.start()
    assert spun.wait(20)
    times = thread_times()
    told.set()
    thread.join()
    assert thread.native_id is not None
    assert times[thread.native_id].python == "spinner"
    assert times[thread.native_id].cpu_s >= 0.05
    assert times[threading.get_native_id()].python == "MainThread"
