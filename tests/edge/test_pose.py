# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from edge.errors import BundleFormatError, UsageError
from edge.keypoints import normalised
from edge.pipeline import Pipeline
from edge.results import Hands
from edge.runners import FakeRunner
from edge.tasks import HandDetector, HandKeypoints, HandPose, load
from tests.edge.bundles import (
    classifier_contract,
    detector_contract,
    keypoint_contract,
    noisy_picture,
    pose_contract,
    pose_model,
    write_small_bundle,
)
from tests.edge.pipeline.scripted import numbered_detector


def hands_with_keypoints(count: int) -> Hands:
    rng = np.random.default_rng(1)
    boxes = np.tile(np.array([[10, 10, 60, 70]], np.float32), (count, 1))
    keypoints = np.concatenate([rng.normal(40, 15, (count, 21, 2)), np.ones((count, 21, 1))], axis=2)
    return Hands(boxes, np.ones(count, np.float32), keypoints=keypoints.astype(np.float32))


def pose_task(seen: list[NDArray[Any]], *, max_batch: int = 4) -> HandPose:
    """Return a task that notes its inputs and says "up" where the thumb's tip is above the wrist."""
    contract = pose_contract(max_batch=max_batch)

    def function(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        rows = inputs["keypoints"]
        seen.append(rows.copy())
        return {"pose": np.stack([-rows[:, 4, 1], rows[:, 4, 1]], 1)}

    outputs = tuple(output.spec() for output in contract.outputs)
    return HandPose(contract, FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=function))


@pytest.mark.parametrize("max_batch", [1, 4, 16])
def test_a_pose_is_told_from_normalised_keypoints(max_batch: int) -> None:
    seen: list[NDArray[Any]] = []
    hands = hands_with_keypoints(6)
    assert hands.keypoints is not None
    with pose_task(seen, max_batch=max_batch) as task:
        poses = task(noisy_picture(100, 80), hands).poses
    rows = normalised(hands.keypoints[..., :2])
    np.testing.assert_array_equal(np.concatenate(seen), rows)
    assert poses is not None
    assert poses.ids.tolist() == (rows[:, 4, 1] > 0).astype(int).tolist()


def test_hands_without_keypoints_are_refused_and_no_hands_are_none() -> None:
    boxes = np.array([[10, 10, 60, 70]], np.float32)
    with pose_task([]) as task:
        assert len(task(noisy_picture(100, 80), Hands.empty())) == 0
        with pytest.raises(UsageError, match="let a keypoint model come first"):
            task(noisy_picture(100, 80), boxes)


def test_a_pose_bundle_loads_and_passes_its_self_test(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "pose", pose_contract(), pose_model())
    assert bundle.verify().hands == 2
    with load(bundle.path) as task, task.sibling() as sibling:
        assert isinstance(sibling, HandPose)
        assert sibling(noisy_picture(100, 80), hands_with_keypoints(3)).poses is not None
    with pytest.raises(UsageError, match="small-pose is a pose model that does neither"):
        load(bundle.path, min_score=0.5)


def test_a_pose_comes_after_the_keypoints_it_is_told_from() -> None:
    contract = keypoint_contract()
    outputs = tuple(output.spec() for output in contract.outputs)
    logits = np.zeros((1, 21, 64), np.float32)
    logits[:, np.arange(21), np.arange(21)] = 20
    runner = FakeRunner(
        inputs=(contract.input.spec(),),
        outputs=outputs,
        function=lambda inputs: dict.fromkeys("xy", np.repeat(logits, len(inputs["crops"]), axis=0)),
    )
    with (
        HandKeypoints(contract, runner) as keypoints,
        pose_task([]) as pose,
        Pipeline([pose, keypoints, numbered_detector()], threads=1) as pipeline,
    ):
        results = list(pipeline.run([noisy_picture(64, 48)] * 3))
    told = [hand for result in results for hand in result.hands]
    assert told
    assert all(hand.pose is not None and hand.keypoints is not None for hand in told)
    assert all(hand.to_dict()["pose"]["label"] in ("up", "down") for hand in told)
    assert any("pose" in result.latency_ms for result in results)


def test_a_pose_model_without_keypoints_before_it_is_refused() -> None:
    with pytest.raises(UsageError, match="model small-pose needs keypoints; give one that places them too"):
        Pipeline([numbered_detector(), pose_task([])])


def test_inputs_and_tasks_go_together() -> None:
    with pytest.raises(ValidationError, match="a pose cannot have an input with fit 'crop'"):
        classifier_contract(task="pose")
    with pytest.raises(ValidationError, match="a classifier cannot have an input with fit 'keypoints'"):
        pose_contract(task="classifier")
    with pytest.raises(ValidationError, match="min_batch 3 is above max_batch 2"):
        pose_contract(min_batch=3, max_batch=2)
    head = {"output": "pose", "role": "gesture", "labels": ("up", "down")}
    with pytest.raises(ValidationError, match="a pose is told from keypoints and nothing else is, got a head for gest"):
        pose_contract(decoder={"type": "softmax-heads", "heads": (head,)})
    runner = FakeRunner(inputs=(), outputs=(), function=lambda _: {})
    with pytest.raises(BundleFormatError, match="small-classifier is a classifier, not a pose model"):
        HandPose(classifier_contract(), runner)
    with pytest.raises(BundleFormatError, match="small-pose is a pose, not a detector"):
        HandDetector(pose_contract(), runner)
    with pytest.raises(BundleFormatError, match="small-pose is a pose model and looks at no picture"):
        _ = pose_contract().picture_input
    assert detector_contract().picture_input is not None
