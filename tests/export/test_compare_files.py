# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import sys
from pathlib import Path

import onnx
import pytest

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.cli.export import main
from edge.errors import SourceError, UsageError
from export.compare_files import file_difference, file_from_name
from export.fp16_from_onnx import fp16_from_onnx
from export.pictures import rendered_pictures

NAME = "gesture-classifier"


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("half") / "half.onnx"
    file.write_bytes(fp16_from_onnx(Bundle.open(find_bundle(NAME)).read_model()))
    return file


def altered(file: Path, node_name: str) -> Path:
    """Return a copy whose weights of one node are 10 % larger."""
    model = onnx.load(file)
    node = next(node for node in model.graph.node if node.name == node_name)
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == node.input[1])
    tensor.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor) * 1.1, tensor.name))
    other = file.with_name(f"altered-{node_name}.onnx")
    onnx.save(model, other)
    return other


def test_a_file_agrees_with_itself_to_the_last_bit() -> None:
    file = file_from_name(NAME)
    difference = file_difference(file, file, rendered_pictures(most=2), between=True)
    assert difference.departs is None
    assert difference.hands.complete
    assert all(one.max_abs == 0 for one in (*difference.outputs, *difference.tensors))
    assert len(difference.tensors) > 20


def test_fp16_departs_nowhere_and_the_first_tensor_of_another_file_is_named(half: Path) -> None:
    pictures = rendered_pictures(most=2)
    assert file_difference(file_from_name(NAME), file_from_name(str(half)), pictures, between=True).departs is None
    graph = onnx.load(half).graph
    node = [node for node in graph.node if node.op_type == "Conv"][9]
    other = file_from_name(str(altered(half, node.name)))
    assert file_difference(file_from_name(NAME), other, pictures, between=True).departs == node.output[0]


def compared(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["edge-export", "compare", NAME, *arguments, "--pictures", "2"])
        with pytest.raises(SystemExit) as left:
            main()
    assert not left.value.code
    return capsys.readouterr().out


def test_the_command_prints_a_table_or_json(half: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = compared(capsys, str(half))
    assert "no tensor departs by 1%" in table
    assert "cosine" in table
    document = json.loads(compared(capsys, str(half), "--json"))
    assert {entry["output"] for entry in document["outputs"]} == {"gesture", "handedness", "presence"}
    assert document["hands"]["reference_hands"] > 0


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("nowhere.onnx", SourceError, "cannot be read"),
        ("hand-detector@int4", UsageError, "choose fp32, fp16, int8"),
        ("hand-detektor", UsageError, "did you mean"),
    ],
)
def test_a_name_that_means_nothing_is_one_sentence(name: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        file_from_name(name)


def test_two_files_without_a_bundle_cannot_be_compared(half: Path) -> None:
    file = file_from_name(str(half))
    with pytest.raises(UsageError, match="must be of a bundle"):
        file_difference(file, file, rendered_pictures(most=1))
