# SPDX-License-Identifier: Apache-2.0
"""The models that ship, through PyTorch and through ONNX Runtime, on the processor."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle, shipped_names
from edge.runners.onnxruntime import OnnxRuntimeRunner
from tests.gpu.torch_graph import TorchGraph

# Sums of a thousand products in another order; the logits are of the order of 10.
CLOSE = 2e-3
CLOSE_IN_HALF = 0.25


@pytest.mark.parametrize("name", shipped_names())
@pytest.mark.parametrize("half", [False, True])
def test_a_shipped_model_gives_the_same_through_torch_as_through_onnx_runtime(name: str, half: bool) -> None:
    bundle = Bundle.open(find_bundle(name))
    with OnnxRuntimeRunner.from_bundle(bundle) as runner:
        (spec,) = runner.inputs
        _, *sides = spec.max_shape or ()
        image = np.random.default_rng(3).normal(0, 1, (2, *sides)).astype(np.float32)
        runner.input_buffer(spec.name, image.shape)[:] = image
        expected = runner.infer()
        graph = TorchGraph(bundle.read_model("fp32"), device=torch.device("cpu"), half=half)
        given = graph({spec.name: torch.from_numpy(image)})
        assert set(given) == {output.name for output in runner.outputs}
        for output, values in given.items():
            np.testing.assert_allclose(
                values.numpy(), expected[output], atol=CLOSE_IN_HALF if half else CLOSE, err_msg=output
            )


def test_an_operator_that_is_not_known_is_named() -> None:
    node = onnx.helper.make_node("Erf", ["x"], ["y"])
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, (1,))
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [value], [value]))
    with pytest.raises(NotImplementedError, match="Erf"):
        TorchGraph(model.SerializeToString(), device=torch.device("cpu"))
