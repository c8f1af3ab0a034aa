# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import edge
from edge.errors import SourceError
from edge.tasks import HandDetector
from export.bundle_from_yolo import YoloSettings, bundle_from_yolo
from tests.edge.bundles import noisy_picture
from tests.edge.cli.training_program import edge_train

SIDE_PX = 64
# A hand in the middle of the input, whatever the picture: centre, width, height and the probability of its class.
FOUND = np.array([[32, 32, 16, 24, 0.9], [32, 32, 16, 24, 0.1]], np.float32).T[None]


def exported_yolo(path: Path, *, shape: tuple[int | str, ...] = (1, 3, SIDE_PX, SIDE_PX)) -> Path:
    """Write what Ultralytics exports of a YOLOv8 with one class: the input `images`, the output `output0`."""
    nodes = [
        helper.make_node("ReduceMax", ["images"], ["greatest"], keepdims=0),
        helper.make_node("Mul", ["greatest", "nothing"], ["zero"]),
        helper.make_node("Add", ["found", "zero"], ["output0"]),
    ]
    constants = [numpy_helper.from_array(FOUND, "found"), numpy_helper.from_array(np.array(0, np.float32), "nothing")]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)
    output = helper.make_tensor_value_info("output0", TensorProto.FLOAT, FOUND.shape)
    graph = helper.make_graph(nodes, "yolo", [images], [output], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_an_exported_yolo_becomes_a_bundle_that_finds_hands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = exported_yolo(tmp_path / "best.onnx")
    words: list[str | Path] = [
        "--layout",
        "yolo-v8",
        "--name",
        "my-yolo",
        "--to",
        tmp_path,
        "--weights-licence",
        "AGPL-3.0-only",
    ]
    code, printed, _ = edge_train(capsys, "import", "yolo", path, *words)
    assert (code, printed.strip()) == (0, str(tmp_path / "my-yolo"))
    assert edge.Bundle.open(tmp_path / "my-yolo").manifest.provenance.weights_licence == "AGPL-3.0-only"
    with edge.load(tmp_path / "my-yolo") as detector:
        assert isinstance(detector, HandDetector)
        # The picture is twice as large as the input, and letterboxed above and below.
        hands = detector(noisy_picture(128, 64))
    np.testing.assert_allclose(hands.boxes_xyxy, [[48, 8, 80, 56]], atol=0.01)
    np.testing.assert_allclose(hands.scores, [0.9], atol=1e-6)


def test_what_is_no_such_file_is_refused_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = exported_yolo(tmp_path / "best.onnx")
    words: list[str | Path] = ["--name", "my-yolo", "--to", tmp_path]
    code, _, told = edge_train(capsys, "import", "yolo", path, "--layout", "yolo-v10", *words)
    assert (code, "must be (batch, candidates, 6) for yolo-v10, got (1, 5, 2)" in told) == (2, True)
    code, _, told = edge_train(capsys, "import", "yolo", path, "--layout", "yolo-v7", *words)
    assert (code, "'yolo-v5', 'yolo-v8' or 'yolo-v10'" in told) == (2, True)
    code, _, told = edge_train(capsys, "import", "yolo", path, "--layout", "yolo-v8", "--hand-classes", "a", *words)
    assert (code, "numbers with commas between" in told) == (2, True)
    settings = YoloSettings(layout="yolo-v8", name="my-yolo", to=tmp_path)
    free = exported_yolo(tmp_path / "free.onnx", shape=("batch", 3, "height", "width"))
    with pytest.raises(SourceError, match=r"got \(any, 3, any, any\); export it with dynamic=False"):
        bundle_from_yolo(free, settings)
    (tmp_path / "notes.onnx").write_text("dear diary", encoding="utf-8")
    with pytest.raises(SourceError, match=r"notes\.onnx is not an ONNX file"):
        bundle_from_yolo(tmp_path / "notes.onnx", settings)
    with pytest.raises(SourceError, match="cannot be read"):
        bundle_from_yolo(tmp_path / "none.onnx", settings)
    assert not (tmp_path / "my-yolo").exists()
