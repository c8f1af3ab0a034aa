# SPDX-License-Identifier: Apache-2.0
"""ONNX models with the inputs and outputs of the teachers, whose answers a test can foresee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import NodeProto, TensorProto, helper, numpy_helper


def detector_model(path: Path, boxes: ArrayLike, scores: ArrayLike) -> Path:
    """Write a detector that finds `boxes` (K, 4), as shares of its view, in every view.

    The scores (K,) are scaled by how red the view is: 1 for pure red, 0 for none.
    """
    nodes = [
        helper.make_node("Constant", [], ["boxes"], value=_tensor(boxes)),
        helper.make_node("Constant", [], ["plain"], value=_tensor(scores)),
        helper.make_node("Slice", ["input", "zero", "one", "one"], ["red"]),
        helper.make_node("ReduceMean", ["red"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["plain", "mean"], ["scores"]),
    ]
    numbers = {"zero": 0, "one": 1}
    return _write(path, nodes, [1, 3, 240, 320], {"boxes": ["count", 4], "scores": ["count"]}, numbers)


def classifier_model(path: Path, logits: ArrayLike, *, of_left_red: ArrayLike | None = None) -> Path:
    """Write a classifier that answers `logits` (45,), plus `of_left_red` times how red the left half is, -1 to 1."""
    extra = np.zeros_like(np.asarray(logits, np.float32)) if of_left_red is None else of_left_red
    nodes = [
        helper.make_node("Constant", [], ["plain"], value=_tensor(logits)),
        helper.make_node("Constant", [], ["extra"], value=_tensor(extra)),
        helper.make_node("Slice", ["input", "zero", "one", "one"], ["red"]),
        helper.make_node("Slice", ["red", "zero", "half", "three"], ["left"]),
        helper.make_node("ReduceMean", ["left"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Unsqueeze", ["mean", "one"], ["column"]),
        helper.make_node("Mul", ["column", "extra"], ["share"]),
        helper.make_node("Add", ["share", "plain"], ["labels"]),
    ]
    numbers = {"zero": 0, "one": 1, "three": 3, "half": 64}
    return _write(path, nodes, ["batch", 3, 128, 128], {"labels": ["batch", 45]}, numbers)


def _tensor(values: ArrayLike) -> TensorProto:
    return numpy_helper.from_array(np.asarray(values, np.float32))


def _write(
    path: Path,
    nodes: Sequence[NodeProto],
    shape: Sequence[int | str],
    outputs: Mapping[str, Sequence[int | str]],
    numbers: dict[str, int],
) -> Path:
    graph = helper.make_graph(
        list(nodes),
        "teacher",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(own)) for name, own in outputs.items()],
        [numpy_helper.from_array(np.array([value], np.int64), name) for name, value in numbers.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
