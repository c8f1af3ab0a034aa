# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

from edge.bundle.bundle import Bundle
from edge.bundle.precision import Precision
from edge.bundle.zoo import find_bundle, shipped_names
from edge.engines.builder import BuildCancelled, BuildMemoryError, _failure, _gpu_layers, _parse, build_plan
from edge.engines.flavour import Flavour
from edge.engines.key import EngineKey, key_from_bundle
from edge.engines.log import BuildLog
from edge.engines.progress import BuildProgress
from edge.engines.settings import EngineSettings
from edge.errors import DependencyError, EngineError

# What every plan of TensorRT-RTX begins with.
MAGIC = b"vtrt"
WORKSPACE_MB = 256


def shipped_models() -> Iterator[tuple[str, Precision]]:
    """Yield every shipped bundle in every precision it holds."""
    for name in shipped_names():
        for precision in Bundle.open(find_bundle(name)).precisions:
            yield name, precision


def rtx_key(bundle: Bundle, rtx: Flavour, precision: Precision = "fp32", **settings: Any) -> EngineKey:
    return key_from_bundle(bundle, precision, rtx, gpu=None, sms=(86,), settings=EngineSettings(**settings))


@pytest.mark.parametrize(("name", "precision"), list(shipped_models()))
def test_every_shipped_model_builds_and_says_how_far_it_is(name: str, precision: Precision, rtx: Flavour) -> None:
    bundle = Bundle.open(find_bundle(name))
    told: list[BuildProgress] = []
    model = bundle.read_model(precision)
    plan = build_plan(
        model,
        rtx_key(bundle, rtx, precision),
        rtx,
        workspace_mb=WORKSPACE_MB,
        on_progress=told.append,
    )
    assert plan.content.startswith(MAGIC)
    assert len(plan.content) > len(model) / 2
    assert plan.gpu_layers == ()
    fractions = [one.fraction for one in told]
    assert fractions == sorted(fractions)
    assert fractions[0] < 0.1
    assert fractions[-1] > 0.7
    assert all(one.left_s is None or one.left_s >= 0 for one in told)


def test_an_engine_may_serve_several_compute_capabilities(bundle: Bundle, rtx: Flavour) -> None:
    sizes = []
    for sms in ((86,), (86, 89)):
        key = key_from_bundle(bundle, "fp32", rtx, gpu=None, sms=sms)
        sizes.append(len(build_plan(bundle.read_model(), key, rtx, workspace_mb=WORKSPACE_MB).content))
    assert sizes[1] > sizes[0]


def test_a_compute_capability_that_the_version_does_not_know_is_told_with_those_it_does(
    bundle: Bundle, rtx: Flavour
) -> None:
    key = key_from_bundle(bundle, "fp32", rtx, gpu=None, sms=(87,))
    with pytest.raises(DependencyError, match=r"capability 87 without such a GPU; it knows .*86"):
        build_plan(bundle.read_model(), key, rtx, workspace_mb=WORKSPACE_MB)


def test_a_build_stops_at_the_step_where_it_is_cancelled(bundle: Bundle, rtx: Flavour) -> None:
    told: list[BuildProgress] = []
    with pytest.raises(BuildCancelled, match="nothing was written"):
        build_plan(
            bundle.read_model(),
            rtx_key(bundle, rtx),
            rtx,
            workspace_mb=WORKSPACE_MB,
            on_progress=told.append,
            is_cancelled=lambda: len(told) > 3,
        )
    assert told[-1].fraction < 0.5


def test_an_operator_that_cannot_be_built_is_named(bundle: Bundle, rtx: Flavour) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 2)) for name in ("image", "y")]
    graph = helper.make_graph([helper.make_node("Wobble", ["image"], ["y"], name="third")], "g", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    with pytest.raises(EngineError, match=r"cannot read the model: Wobble third: .*; export it with other operators"):
        build_plan(model.SerializeToString(), rtx_key(bundle, rtx), rtx, workspace_mb=WORKSPACE_MB)


@pytest.mark.parametrize("spoiled", [b"", b"no model", "half"])
def test_a_file_that_is_no_model_is_one_sentence(spoiled: bytes | str, bundle: Bundle, rtx: Flavour) -> None:
    model = bundle.read_model()
    content = model[: len(model) // 2] if isinstance(spoiled, str) else spoiled
    with pytest.raises(EngineError, match="TensorRT-RTX"):
        build_plan(content, rtx_key(bundle, rtx), rtx, workspace_mb=WORKSPACE_MB)


def test_an_input_that_the_model_does_not_take_is_refused(bundle: Bundle, rtx: Flavour) -> None:
    key = rtx_key(bundle, rtx)
    other = key.model_copy(update={"shapes": key.shapes.model_copy(update={"largest": (4, 5, 96, 96)})})
    with pytest.raises(EngineError, match="TensorRT-RTX"):
        build_plan(bundle.read_model(), other, rtx, workspace_mb=WORKSPACE_MB)


def test_a_dla_that_is_not_there_is_told(bundle: Bundle, rtx: Flavour) -> None:
    key = rtx_key(bundle, rtx, dla_core=1)
    assert key.shapes.smallest == key.shapes.largest == (1, 3, 96, 96)
    with pytest.raises(DependencyError, match=r"no DLA core 1: .* sees 0 on this machine; leave --dla out"):
        build_plan(bundle.read_model(), key, rtx, workspace_mb=WORKSPACE_MB)


def test_layers_that_no_dla_takes_are_told_by_name_and_kind(bundle: Bundle, rtx: Flavour) -> None:
    log = BuildLog()
    builder = rtx.module.Builder(log.logger(rtx))
    network = _parse(bundle.read_model(), builder, rtx, log)
    layers = _gpu_layers(builder.create_builder_config(), network)
    assert len(layers) == network.num_layers
    assert sum(layer.endswith("(CONVOLUTION)") for layer in layers) == 3


@pytest.mark.parametrize(
    "line",
    [
        "[virtualMemoryBuffer.cpp::140] Error Code 2: OutOfMemory (Requested size was 1073741824 bytes.)",
        "10: Could not find any implementation for node {ForeignNode[/model.0/conv/Conv]}.",
        "Error Code 1: Cuda Runtime (out of memory)",
    ],
)
def test_want_of_memory_is_said_as_such(line: str, rtx: Flavour) -> None:
    log = BuildLog()
    log.errors.append(line)
    failure = _failure(log, rtx, workspace_mb=512)
    assert isinstance(failure, BuildMemoryError)
    assert str(failure).startswith("out of memory, with 512 MB of workspace (")


def test_quantised_graphs_build_and_quantised_biases_are_named(bundle: Bundle, rtx: Flavour) -> None:
    weights = [
        helper.make_tensor("s", TensorProto.FLOAT, (), [0.1]),
        helper.make_tensor("z", TensorProto.INT32, (), [0]),
        helper.make_tensor("b", TensorProto.INT32, (3,), [1, 2, 3]),
    ]
    nodes = [
        helper.make_node("DequantizeLinear", ["b", "s", "z"], ["bias"], name="bias_dq"),
        helper.make_node("Add", ["image", "bias"], ["y"]),
    ]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ("batch", 3)) for name in ("image", "y")]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    with pytest.raises(EngineError, match="bias_dq"):
        build_plan(model.SerializeToString(), rtx_key(bundle, rtx), rtx, workspace_mb=WORKSPACE_MB)
