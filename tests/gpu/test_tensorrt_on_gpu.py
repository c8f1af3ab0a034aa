# SPDX-License-Identifier: Apache-2.0
"""TensorRT on a GPU, where one is installed that does not refuse the GPU."""

from __future__ import annotations

import os

import pytest

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle, shipped_names
from edge.errors import DependencyError
from edge.pipeline import Pipeline
from edge.pipeline.agreement import difference
from tests.gpu.lanes import shipped_pictures


def skip_or_fail(error: DependencyError) -> None:
    if os.environ.get("FAIL_WITHOUT_GPU", "0") not in {"", "0"}:
        pytest.fail(f"FAIL_WITHOUT_GPU is set: {error}")
    pytest.skip(str(error))


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_model_passes_its_self_test_on_an_engine(name: str) -> None:
    from edge.gpu.opening import open_gpu_runner

    bundle = Bundle.open(find_bundle(name))
    try:
        runner = open_gpu_runner(bundle)
    except DependencyError as error:
        skip_or_fail(error)
    with runner:
        bundle.verify(runner=runner)


def test_a_pipeline_on_engines_answers_as_one_on_the_processor() -> None:
    pictures = list(shipped_pictures())
    try:
        pipeline = Pipeline(device="gpu")
    except DependencyError as error:
        skip_or_fail(error)
    with pipeline, Pipeline(device="cpu", threads=1) as reference:
        for given, expected in zip(pipeline.run(pictures), reference.run(pictures), strict=True):
            assert difference(given.hands, expected.hands) is None
