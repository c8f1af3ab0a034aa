# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from edge.runners import FakeRunner
from edge.tasks import HandClassifier
from tests.edge.bundles import classifier_contract, noisy_picture, presence_contract

BOXES = np.array([[0, 0, 40, 40], [20, 30, 60, 70], [50, 10, 90, 50]], np.float32)


def test_what_the_second_look_takes_for_something_else_is_not_kept() -> None:
    contract = presence_contract(min_presence=0.75)
    logits = np.array([[2, 0], [1, 0], [0, 2]], np.float32)
    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=lambda _: {"presence": logits})
    with HandClassifier(contract, runner) as task:
        looked_at = task(noisy_picture(120, 110), BOXES)
        assert looked_at.presence is not None
        np.testing.assert_allclose(looked_at.presence, 1 / (1 + np.exp([-2.0, -1.0, 2.0])), atol=1e-6)
        assert looked_at.gestures is None
        np.testing.assert_array_equal(task.kept(looked_at).boxes_xyxy, looked_at.boxes_xyxy[:1])
        assert HandClassifier(classifier_contract(), runner).kept(looked_at) is looked_at
        with HandClassifier(contract, runner, min_presence=0.9) as strict, strict.sibling() as sibling:
            assert (len(strict.kept(looked_at)), len(sibling.kept(looked_at))) == (0, 0)
