# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.errors import BundleDamagedError, ModelError
from edge.runners import FakeRunner
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_model,
    edit_manifest,
    list_again,
    write_small_bundle,
)


def test_a_classifier_passes_its_self_test(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "b", classifier_contract(), classifier_model())
    assert bundle.verify().hands == 2


def test_a_model_with_other_weights_fails_the_self_test(bundle_copy: Path) -> None:
    (bundle_copy / "model.onnx").write_bytes(detector_model(seed=1))
    list_again(bundle_copy, "model.onnx")
    with pytest.raises(ModelError, match="self-test failed, 'level_"):
        Bundle.open(bundle_copy).verify()


def test_a_runner_that_gives_nan_or_other_hands_fails_the_self_test(sound_bundle: Path) -> None:
    bundle = Bundle.open(sound_bundle)
    inputs = (bundle.manifest.input.spec(),)
    outputs = tuple(output.spec() for output in bundle.manifest.outputs)

    def nothing(arrays: Any) -> dict[str, Any]:
        _, _, height, width = arrays["image"].shape
        return {f"level_{s}": np.full((1, 5, height // s, width // s), np.nan, np.float32) for s in (8, 16, 32)}

    with pytest.raises(ModelError, match="self-test failed"):
        bundle.verify(runner=FakeRunner(inputs=inputs, outputs=outputs, function=nothing))


def test_a_self_test_whose_hands_changed_fails(bundle_copy: Path) -> None:
    edit_manifest(
        bundle_copy,
        lambda document: document["self_test"]["expected"]["fp32"]["hands"][0].update(box_xyxy=[0.0, 0.0, 1.0, 1.0]),
    )
    with pytest.raises(ModelError, match="self-test failed, no hand as"):
        Bundle.open(bundle_copy).verify()
    edit_manifest(bundle_copy, lambda document: document["self_test"]["expected"]["fp32"].update(hands=[]))
    with pytest.raises(ModelError, match="hands more than the 0 expected"):
        Bundle.open(bundle_copy).verify()


def test_an_array_with_pickles_is_refused(bundle_copy: Path) -> None:
    np.save(bundle_copy / "selftest/level_8.npy", np.array([{}], object), allow_pickle=True)
    list_again(bundle_copy, "selftest/level_8.npy")
    with pytest.raises(BundleDamagedError, match=r"not a plain \.npy array"):
        Bundle.open(bundle_copy).verify()
