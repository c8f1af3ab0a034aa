# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.ranges import Ranges, ranges_of
from calibration.thresholds import METHODS
from edge.errors import SourceError
from tests.edge.bundles import classifier_contract, classifier_model

TENSORS = ("crops", "small")
CONTRACT = classifier_contract()


def inputs(scale: float = 1.0) -> list[NDArray[np.float32]]:
    return [(scale * np.random.default_rng(0).normal(0, 1, (2, 3, 32, 32))).astype(np.float32)]


def measured(cache: Path, **changes: object) -> Ranges:
    arguments = {"model": classifier_model(), "contract": CONTRACT, "inputs": inputs(), "tensors": TENSORS} | changes
    return ranges_of(**arguments, cache=cache)  # type: ignore[arg-type]


def test_the_ranges_are_those_of_the_tensors() -> None:
    ranges = ranges_of(classifier_model(), CONTRACT, inputs(), TENSORS)
    assert set(ranges.thresholds) == set(METHODS)
    assert ranges.thresholds["min-max"]["crops"] == pytest.approx(np.abs(inputs()[0]).max())
    pooled = inputs()[0].reshape(2, 3, 4, 8, 4, 8).mean((3, 5))
    assert ranges.thresholds["min-max"]["small"] == pytest.approx(np.abs(pooled).max(), rel=1e-5)


def test_what_was_measured_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(tmp_path)
    monkeypatch.setattr("calibration.ranges._histograms", None)
    assert measured(tmp_path) == first


@pytest.mark.parametrize(
    "changes",
    [
        {"model": classifier_model(seed=1)},
        {"contract": classifier_contract(name="other", input=CONTRACT.input.model_copy(update={"crop_margin": 0.2}))},
        {"inputs": inputs(1.01)},
        {"tensors": ("crops",)},
    ],
    ids=["graph", "preprocessing", "data", "tensors"],
)
def test_a_change_of_anything_measures_again(tmp_path: Path, changes: dict[str, object]) -> None:
    first, second = measured(tmp_path), measured(tmp_path, **changes)
    assert first.key != second.key
    assert len(list(tmp_path.glob("*.json"))) == 2


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"key": "another", "thresholds": {}}'])
def test_a_damaged_cache_is_measured_again_and_mended(tmp_path: Path, content: bytes) -> None:
    first = measured(tmp_path)
    (file,) = tmp_path.glob("*.json")
    file.write_bytes(content)
    assert measured(tmp_path) == first
    assert Ranges.model_validate_json(file.read_bytes()) == first


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert measured(tmp_path / "file").thresholds


def test_nothing_to_calibrate_on_and_values_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing to calibrate on"):
        measured(tmp_path, inputs=[])
    endless = inputs()
    endless[0][0, 0, 0, 0] = np.inf
    with pytest.raises(SourceError, match="not finite"):
        measured(tmp_path, inputs=endless)
