# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from edge.runners import OnnxRuntimeRunner, Runner
from edge.tasks.loading import task_from_runner
from export.comparison import agreement, tensors_from_pictures
from export.pictures import CheckPicture, strips, whole
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_contract,
    detector_model,
    noisy_picture,
)


def pictures() -> list[CheckPicture]:
    sizes = [(200, 100), (100, 200), (200, 100), (90, 90)]
    return [CheckPicture(noisy_picture(*size, seed=seed), ((5.0, 5.0, 60.0, 70.0),)) for seed, size in enumerate(sizes)]


def test_pictures_of_equal_shape_become_one_batch() -> None:
    shapes = {tensor.shape for tensor in tensors_from_pictures(detector_contract().input, pictures())}
    assert shapes == {(2, 3, 64, 96), (1, 3, 96, 64), (1, 3, 96, 96)}
    crops = tensors_from_pictures(classifier_contract(min_batch=3, max_batch=3).input, pictures())
    assert [tensor.shape for tensor in crops] == [(3, 3, 32, 32)] * 2


def onnx_runner(seed: int) -> Runner:
    contract = detector_contract()
    outputs = tuple(output.spec() for output in contract.outputs)
    return OnnxRuntimeRunner(detector_model(seed=seed), inputs=(contract.input.spec(),), outputs=outputs)


def test_the_same_detector_agrees_with_itself_and_not_with_another() -> None:
    contract = detector_contract()
    ours, same, other = (task_from_runner(contract, onnx_runner(seed)) for seed in (0, 0, 1))
    together = agreement(ours, same, pictures())
    assert together.complete
    assert together.reference_hands > 0
    assert not agreement(ours, other, pictures()).complete


def test_the_same_boxes_with_other_names_do_not_agree() -> None:
    contract = classifier_contract()
    inputs, outputs = (contract.input.spec(),), tuple(output.spec() for output in contract.outputs)
    tasks = [
        task_from_runner(contract, OnnxRuntimeRunner(classifier_model(seed=seed), inputs=inputs, outputs=outputs))
        for seed in (0, 1)
    ]
    found = agreement(tasks[0], tasks[1], pictures())
    assert found.reference_hands == found.candidate_hands == 4
    assert found.agreeing < 4


@pytest.mark.parametrize(("width_px", "height_px"), [(640, 360), (360, 640), (1, 1), (3, 200)])
def test_strips_are_narrow_parts_of_a_picture(width_px: int, height_px: int) -> None:
    wide, tall = strips(noisy_picture(width_px, height_px))
    assert wide.shape[1] == width_px
    assert tall.shape[0] == height_px
    assert wide.size > 0
    assert tall.size > 0
    assert whole(wide) == (0, 0, width_px, wide.shape[0])
