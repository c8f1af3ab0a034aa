# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import nn

from training.average import WeightAverage


def model(value: float) -> nn.Sequential:
    made = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.fill_(value)
    return made


def weight(average: WeightAverage) -> float:
    return float(average.model.state_dict()["0.weight"])


def test_the_average_is_a_copy_that_is_never_trained() -> None:
    trained = model(1.0)
    average = WeightAverage(trained, 0.9)
    assert not average.model.training
    assert not any(parameter.requires_grad for parameter in average.model.parameters())
    assert all(parameter.requires_grad for parameter in trained.parameters())
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.fill_(5.0)
    assert weight(average) == 1.0


def test_it_stays_between_and_comes_ever_closer() -> None:
    average = WeightAverage(model(0.0), 0.99)
    seen = []
    for _ in range(500):
        average.update(model(1.0))
        seen.append(weight(average))
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[-1] <= 1
    assert seen[-1] == pytest.approx(1.0, abs=0.02)


def test_early_updates_move_it_more_than_late_ones() -> None:
    early, late = WeightAverage(model(0.0), 0.999), WeightAverage(model(0.0), 0.999)
    late.updates = 10_000
    early.update(model(1.0))
    late.update(model(1.0))
    assert weight(early) > 0.9
    assert weight(late) == pytest.approx(0.001, rel=0.1)


def test_statistics_are_averaged_and_counters_copied() -> None:
    trained = model(1.0)
    average = WeightAverage(trained, 0.5)
    average.updates = 100_000
    trained(torch.randn(4, 1, 3, 3) + 10)
    average.update(trained)
    own, other = average.model.state_dict(), trained.state_dict()
    torch.testing.assert_close(own["1.running_mean"], 0.5 * other["1.running_mean"])
    assert int(own["1.num_batches_tracked"]) == 1
