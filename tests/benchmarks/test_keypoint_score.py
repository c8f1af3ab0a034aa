# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from benchmarks import keypoint_accuracy
from benchmarks.keypoint_score import keypoint_score
from tests.edge.bundles import keypoint_contract, keypoint_model, write_small_bundle

PLACES = np.stack([np.arange(21), np.zeros(21)], axis=1).astype(np.float32)


def placed(offset_px: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.column_stack([PLACES + np.array([0, offset_px], np.float32), np.ones(21, np.float32)])


def test_points_count_by_their_distance_in_sides_of_the_hand() -> None:
    score = keypoint_score([PLACES] * 3, [100, 100, 1000], [placed(4), placed(8), placed(80)])
    assert score.pck == pytest.approx({0.05: 1 / 3, 0.1: 1})


def test_a_missed_hand_is_wrong_in_all_its_points_and_unknown_ones_count_nowhere() -> None:
    few = PLACES.copy()
    few[7:] = np.nan
    score = keypoint_score([PLACES, few], [100, 100], [placed(0), None])
    assert (score.hands, score.found) == (2, 1)
    assert score.pck == pytest.approx({0.05: 21 / 28, 0.1: 21 / 28})
    assert score.to_dict()["pck_found"] == {"0.05": 1.0, "0.1": 1.0}


def test_no_hands_have_no_score() -> None:
    with pytest.raises(ValueError, match="at least one hand"):
        keypoint_score([], [], [])


def test_a_bundle_is_measured_on_boxes_and_behind_a_detector(data_dir: Path, tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "keypoints", keypoint_contract(), keypoint_model()).path
    sets = tmp_path / "boxes"
    sets.mkdir()
    for name in ("people_vlad", "thumbs_anton"):
        (sets / name).symlink_to(data_dir / "boxes" / name)
    output = tmp_path / "keypoints.json"
    app = Typer()
    app.command()(keypoint_accuracy.main)
    options = ["--bundle", str(bundle), "--detector-bundle", "hand-detector", "--output", str(output)]
    outcome = CliRunner().invoke(app, [str(sets), *options], catch_exceptions=False)
    assert outcome.exit_code == 0
    (measured,) = json.loads(output.read_text(encoding="utf-8"))["models"].values()
    annotated, cascade = (measured["boxes"][way]["group:people"] for way in ("annotated boxes", "cascade"))
    assert annotated["found"] == annotated["hands"] == cascade["hands"] >= cascade["found"] > 0
    # The small model has random weights.
    assert 0 < annotated["pck"]["0.1"] < 0.5
