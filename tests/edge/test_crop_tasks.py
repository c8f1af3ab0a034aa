# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.results import Hands
from edge.runners import FakeRunner
from edge.tasks import HandClassifier, HandKeypoints, load
from tests.edge.bundles import (
    holding_contract,
    keypoint_contract,
    keypoint_model,
    noisy_picture,
    write_small_bundle,
)


def hand_boxes(count: int) -> NDArray[np.float32]:
    corners = np.random.default_rng(2).uniform(0, 60, (count, 2))
    return np.concatenate([corners, corners + 40], axis=1).astype(np.float32)


def test_a_keypoint_goes_back_to_the_pixels_of_the_picture() -> None:
    contract = keypoint_contract()
    logits = np.full((2, 21, 64), -40, np.float32)
    logits[:, np.arange(21), np.arange(21) * 3] = 40
    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(
        inputs=(contract.input.spec(),), outputs=outputs, function=lambda _: {"x": logits, "y": logits[:, ::-1]}
    )
    given = np.array([[100, 40, 120, 60], [10, 10, 30, 50]], np.float32)
    with HandKeypoints(contract, runner) as task:
        keypoints = task(noisy_picture(160, 120), given).keypoints
    assert keypoints is not None
    sides_px = np.array([20, 40]) * (1 + 2 * contract.picture_input.crop_margin)
    corners = (given[:, :2] + given[:, 2:]) / 2 - sides_px[:, None] / 2
    along = (np.arange(21) * 3 + 0.5) / 64
    for hand in range(2):
        np.testing.assert_allclose(keypoints[hand, :, 0], corners[hand, 0] + sides_px[hand] * along, atol=1e-3)
        np.testing.assert_allclose(keypoints[hand, :, 1], corners[hand, 1] + sides_px[hand] * along[::-1], atol=1e-3)
    np.testing.assert_allclose(keypoints[..., 2], 1, atol=1e-5)


def test_a_keypoint_model_may_tell_presence() -> None:
    contract = keypoint_contract(
        outputs=(*keypoint_contract().outputs, {"name": "presence", "shape": ("batch", 2)}),
        decoder={"type": "simcc", "x": "x", "y": "y", "reach": 0.1, "presence": "presence", "presence_trust": 0.6},
    )
    logits = np.zeros((2, 21, 64), np.float32)
    told = {"x": logits, "y": logits, "presence": np.array([[2, 0], [0, 1]], np.float32)}
    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=lambda _: told)
    with HandKeypoints(contract, runner, min_score=0.5) as opened, opened.sibling() as task:
        hands = task(noisy_picture(160, 120), Hands(hand_boxes(2), np.array([0.6, 0.5], np.float32)))
        kept = task.kept(hands)
    assert hands.presence is not None
    np.testing.assert_allclose(hands.presence, 1 / (1 + np.exp([-2.0, 1.0])), atol=1e-6)
    assert len(kept) == 1
    assert kept.presence is not None
    assert kept.presence[0] == hands.presence[0]


def test_a_keypoint_bundle_loads_and_passes_its_self_test(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "keypoints", keypoint_contract(), keypoint_model())
    bundle.verify()
    with load(bundle.path) as task:
        assert isinstance(task, HandKeypoints)
        many = task(noisy_picture(120, 110), hand_boxes(9)).keypoints
        one = task(noisy_picture(120, 110), hand_boxes(9)[8:]).keypoints
    assert many is not None
    assert one is not None
    np.testing.assert_allclose(many[8], one[0], atol=0.01)
    with pytest.raises(UsageError, match="small-keypoints is a keypoint model that does neither"):
        load(bundle.path, min_score=0.3)


def test_what_a_hand_holds_is_told() -> None:
    contract = holding_contract()
    outputs = tuple(output.spec() for output in contract.outputs)
    logits = np.array([[3, 0], [0, 2]], np.float32)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=lambda _: {"holding": logits})
    with HandClassifier(contract, runner) as task:
        holding = task(noisy_picture(160, 120), hand_boxes(2)).holding
    assert holding is not None
    assert [label.name for row in range(2) if (label := holding.at(row))] == ["holding", "empty"]
