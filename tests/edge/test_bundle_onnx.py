# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundle.bundle import Bundle
from edge.bundle.onnx_wire import refuse_external_data
from edge.errors import BundleFormatError
from tests.edge.bundles import classifier_model, detector_model, list_again

MODEL = detector_model()


def external(model: onnx.ModelProto) -> onnx.ModelProto:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")
    return model


def external_in_a_branch(model: onnx.ModelProto) -> onnx.ModelProto:
    branch = onnx.helper.make_graph(
        [], "branch", [], [], [external(onnx.ModelProto().FromString(detector_model())).graph.initializer[0]]
    )
    node = onnx.helper.make_node("If", ["c"], ["d"], then_branch=branch)
    model.graph.node.append(node)
    return model


def external_in_a_function(model: onnx.ModelProto) -> onnx.ModelProto:
    tensor = external(onnx.ModelProto().FromString(detector_model())).graph.initializer[0]
    node = onnx.helper.make_node("Constant", [], ["c"], value=tensor)
    model.functions.append(onnx.helper.make_function("d", "f", [], ["c"], [node], []))
    return model


@pytest.mark.parametrize("change", [external, external_in_a_branch, external_in_a_function])
def test_a_model_with_data_in_other_files_is_refused(
    bundle_copy: Path, change: Callable[[onnx.ModelProto], onnx.ModelProto]
) -> None:
    model = change(onnx.load_from_string(detector_model()))
    (bundle_copy / "model.onnx").write_bytes(model.SerializeToString())
    list_again(bundle_copy, "model.onnx")
    with pytest.raises(BundleFormatError, match="keeps weights in other files"):
        Bundle.open(bundle_copy).read_model()


@pytest.mark.parametrize("content", [b"", b"not onnx at all", MODEL[:300], b"\x0b\x0b", b"\x3a\xff\xff\xff\xff\x7f"])
def test_a_listed_file_that_is_no_onnx_is_refused(bundle_copy: Path, content: bytes) -> None:
    (bundle_copy / "model.onnx").write_bytes(content)
    list_again(bundle_copy, "model.onnx")
    with pytest.raises(BundleFormatError, match="not a readable ONNX file"):
        Bundle.open(bundle_copy).read_model()


def test_a_model_of_other_shapes_than_the_manifest_says_is_refused(bundle_copy: Path) -> None:
    (bundle_copy / "model.onnx").write_bytes(classifier_model())
    list_again(bundle_copy, "model.onnx")
    with pytest.raises(BundleFormatError, match="manifest has input 'image', the model has crops"):
        Bundle.open(bundle_copy).verify()


@settings(max_examples=150)
@given(data=st.data())
def test_a_mutated_model_is_read_or_is_a_format_error(data: st.DataObject) -> None:
    content = bytearray(MODEL)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    with contextlib.suppress(BundleFormatError):
        refuse_external_data(bytes(content), origin="mutant")
