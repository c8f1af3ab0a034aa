# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from calibration.placement import placement_of
from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle, shipped_names
from export.onnx_graph import graph_from_bytes
from tests.calibration.graphs import residual_model


def test_layers_are_quantised_but_for_the_head_and_residuals_on_the_branch_that_skips() -> None:
    placement = placement_of(graph_from_bytes(residual_model()))
    assert [layer.node for layer in placement.layers] == ["stem", "block", "gate", "depth", "wide"]
    assert placement.residuals == (("sum", "stem_relu"),)
    assert placement.tensors == ("image", "stem_relu", "sum", "gated", "depth_out")


def test_what_is_kept_is_left_alone_with_its_residual() -> None:
    placement = placement_of(graph_from_bytes(residual_model()), keep=["block"])
    assert "block" not in [layer.node for layer in placement.layers]
    assert placement.residuals == ()


def test_a_depthwise_layer_of_an_odd_number_of_channels_is_left_alone() -> None:
    placement = placement_of(graph_from_bytes(residual_model(channels=20)))
    assert [layer.node for layer in placement.layers] == ["stem", "block", "gate", "wide"]


@pytest.mark.parametrize("name", shipped_names())
def test_most_layers_of_shipped_models_are_quantised(name: str) -> None:
    graph = graph_from_bytes(Bundle.open(find_bundle(name)).read_model())
    convolutions = [node.name for node in graph.graph.node if node.op_type == "Conv"]
    layers = {layer.node for layer in placement_of(graph).layers}
    assert len(layers & set(convolutions)) >= 0.8 * len(convolutions)
