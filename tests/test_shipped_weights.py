# SPDX-License-Identifier: Apache-2.0
"""The weights that other trainings may start from are those that the shipped bundles were made of."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from edge.bundle import Bundle
from edge.bundle.zoo import shipped_names
from edge.keypoints import normalised
from edge.runners.opening import open_runner
from training.checkpoint import read_checkpoint


def input_of(bundle: Bundle) -> npt.NDArray[np.float32]:
    """Return what the network might be given: blurred noise, or keypoints."""
    rng = np.random.default_rng(0)
    shape = bundle.manifest.input.spec().max_shape
    assert shape is not None
    values = rng.normal(0, 9, shape[1:]).astype(np.float32)
    if values.ndim == 2:
        return normalised(values[None])
    picture = cv2.GaussianBlur(np.ascontiguousarray(values.transpose(1, 2, 0)), (9, 9), 3)
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None])


@pytest.mark.parametrize("name", shipped_names())
def test_weights_give_what_their_bundle_gives(name: str, repo_root: Path) -> None:
    model = read_checkpoint(repo_root / "training" / "weights" / f"{name}.pt").model()
    bundle = Bundle.open(repo_root / "edge" / "zoo" / name)
    tensor = input_of(bundle)
    with open_runner(bundle, device="cpu") as runner:
        runner.input_buffer(bundle.manifest.input.name, tensor.shape)[:] = tensor
        found = runner.infer()
    with torch.inference_mode():
        expected = model(torch.from_numpy(tensor))
    for output, values in zip(bundle.manifest.outputs, expected, strict=True):
        np.testing.assert_allclose(found[output.name], values.numpy(), rtol=1e-3, atol=1e-3)
