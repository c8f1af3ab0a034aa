# SPDX-License-Identifier: Apache-2.0
"""TensorRT-RTX, which builds engines without a GPU, as the judge of a graph."""

from __future__ import annotations

from typing import Any

import pytest

from edge.bundle.contract import ModelContract


def built(model: bytes, contract: ModelContract) -> bytes:
    """Return the strongly typed engine of a model for one GPU; fails with the parser's words."""
    trt = pytest.importorskip("tensorrt_rtx", reason="TensorRT-RTX is not installed: pip install tensorrt-rtx")
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, logger)
    parsed = parser.parse(model)
    assert parsed, "; ".join(parser.get_error(index).desc() for index in range(parser.num_errors))
    config = builder.create_builder_config()
    config.num_compute_capabilities = 1
    config.set_compute_capability(trt.ComputeCapability.SM86, 0)
    config.add_optimization_profile(_profile(builder, contract))
    plan = builder.build_serialized_network(network, config)
    assert plan is not None, "TensorRT-RTX parsed the graph and could not build it"
    return bytes(plan)


def _profile(builder: Any, contract: ModelContract) -> Any:
    spec = contract.input.spec()
    assert spec.max_shape is not None
    step = getattr(contract.input, "multiple_px", None) or 1
    least = [
        most if isinstance(size, int) else step if size in {"height", "width"} else contract.input.min_batch
        for size, most in zip(spec.shape, spec.max_shape, strict=True)
    ]
    profile = builder.create_optimization_profile()
    profile.set_shape(spec.name, least, spec.max_shape, spec.max_shape)
    return profile
