# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest

from edge.errors import UsageError
from edge.pipeline import Pipeline
from edge.runners import FakeRunner
from edge.tasks import HandClassifier, HandKeypoints, Task
from tests.edge.bundles import classifier_contract, keypoint_contract
from tests.edge.pipeline.scripted import NumberedSource, numbered_detector, numbered_frame


def classifier(name: str, *outputs: str) -> HandClassifier:
    """Return a classifier with some of the heads, which is never run."""
    everything = classifier_contract()
    contract = classifier_contract(
        name=name,
        outputs=tuple(output for output in everything.outputs if output.name in outputs),
        decoder={
            "type": "softmax-heads",
            "heads": tuple(head for head in everything.decoder.heads if head.output in outputs),  # type: ignore[union-attr]
        },
    )
    specs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=specs, function=lambda _: {})
    return HandClassifier(contract, runner)


def keypoints(name: str) -> HandKeypoints:
    """Return a keypoint model that is never run."""
    contract = keypoint_contract(name=name)
    specs = tuple(output.spec() for output in contract.outputs)
    return HandKeypoints(contract, FakeRunner(inputs=(contract.input.spec(),), outputs=specs, function=lambda _: {}))


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (
            [numbered_detector(), numbered_detector()],
            "only one that finds hands, got small-detector, small-detector; give each a pipeline of its own",
        ),
        (
            [numbered_detector(), classifier("same", "gesture"), classifier("same", "handedness")],
            "different names, got 'same' twice; give it once, or rename one of them",
        ),
        (
            [numbered_detector(), classifier("one", "gesture"), classifier("two", "gesture", "handedness")],
            "models one and two both tell the gesture; give one of them",
        ),
        (
            [numbered_detector(), keypoints("one"), keypoints("two")],
            "models one and two both tell the keypoints; give one of them",
        ),
    ],
)
def test_models_whose_answers_would_collide_are_refused(models: list[Task], told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        Pipeline(models)


def test_classifiers_that_tell_different_things_go_together() -> None:
    with Pipeline([classifier("one", "gesture"), classifier("two", "handedness"), numbered_detector()]) as pipeline:
        assert set(pipeline.models) == {"one", "two", "small-detector"}


def test_a_task_that_was_given_stays_open_and_may_be_used_meanwhile() -> None:
    detector = numbered_detector()
    with Pipeline([detector], threads=2) as pipeline:
        run = pipeline.run(NumberedSource(5))
        assert detector.runner not in [task.runner for lane in pipeline._lanes for task in lane.tasks]
        assert len(list(run)) == 5
    assert len(detector(numbered_frame(3))) == 1
