# SPDX-License-Identifier: Apache-2.0
"""Small bundles with random weights and the real contracts, built in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge.bundle.bundle import Bundle
from edge.bundle.contract import ModelContract
from edge.bundle.files import entry_from_bytes
from edge.bundle.manifest import MANIFEST_FILE, Manifest
from edge.bundle.provenance import DataSource, Provenance
from edge.bundle.writing import write_bundle
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.tasks.loading import task_from_runner
from export.pictures import CheckPicture
from export.self_test_vector import self_test_vector

STRIDES_PX = (8, 16, 32)
GESTURES = ("fist", "palm", "no_gesture")
HEADS = {"gesture": len(GESTURES), "handedness": 2}


def detector_contract(**changes: Any) -> ModelContract:
    """Return the contract of a letterboxed anchor-free detector."""
    fields: dict[str, Any] = {
        "name": "small-detector",
        "version": "1.2.3",
        "task": "detector",
        "input": {
            "name": "image",
            "max_batch": 4,
            "fit": "letterbox",
            "width_px": 96,
            "height_px": 96,
            "multiple_px": 32,
            "colour": "rgb",
            "mean": (127.5,) * 3,
            "std": (64.0,) * 3,
            "pad": (114.0,) * 3,
        },
        "outputs": tuple(
            {"name": f"level_{s}", "shape": ("batch", 5, f"height/{s}", f"width/{s}")} for s in STRIDES_PX
        ),
        "decoder": {
            "type": "anchor-free-ltrb",
            "levels": tuple({"output": f"level_{s}", "stride_px": s} for s in STRIDES_PX),
            "min_score": 0.5,
            "nms_iou": 0.5,
            "max_hands": 10,
        },
    }
    return ModelContract.model_validate(fields | changes)


def classifier_contract(*, min_batch: int = 1, max_batch: int = 4, **changes: Any) -> ModelContract:
    """Return the contract of a classifier of crops with two heads."""
    fields: dict[str, Any] = {
        "name": "small-classifier",
        "version": "1.2.3",
        "task": "classifier",
        "input": {
            "name": "crops",
            "min_batch": min_batch,
            "max_batch": max_batch,
            "fit": "crop",
            "width_px": 32,
            "height_px": 32,
            "crop_margin": 0.15,
            "colour": "rgb",
            "mean": (127.5,) * 3,
            "std": (64.0,) * 3,
            "pad": (114.0,) * 3,
        },
        "outputs": (
            {"name": "gesture", "shape": ("batch", len(GESTURES))},
            {"name": "handedness", "shape": ("batch", 2)},
        ),
        "decoder": {
            "type": "softmax-heads",
            "heads": (
                {"output": "gesture", "role": "gesture", "labels": GESTURES, "untrained": ("palm",)},
                {"output": "handedness", "role": "handedness", "labels": ("left", "right")},
            ),
        },
    }
    return ModelContract.model_validate(fields | changes)


def presence_contract(*, presence_trust: float = 0.5) -> ModelContract:
    """Return the contract of a classifier that only tells hands from other things."""
    head = {"output": "presence", "role": "presence", "labels": ("hand", "other")}
    decoder = {"type": "softmax-heads", "heads": (head,), "presence_trust": presence_trust}
    return classifier_contract(outputs=({"name": "presence", "shape": ("batch", 2)},), decoder=decoder)


def holding_contract() -> ModelContract:
    """Return the contract of a classifier that only tells whether a hand holds something."""
    head = {"output": "holding", "role": "holding", "labels": ("holding", "empty")}
    decoder = {"type": "softmax-heads", "heads": (head,)}
    return classifier_contract(outputs=({"name": "holding", "shape": ("batch", 2)},), decoder=decoder)


def keypoint_contract(*, bins: int = 64, **changes: Any) -> ModelContract:
    """Return the contract of a keypoint model of crops, two bins a pixel."""
    shape = ("batch", 21, bins)
    fields = {
        "name": "small-keypoints",
        "task": "keypoints",
        "outputs": ({"name": "x", "shape": shape}, {"name": "y", "shape": shape}),
        "decoder": {"type": "simcc", "x": "x", "y": "y", "reach": 0.1},
    }
    return classifier_contract(**fields | changes)


def segmenter_contract(**changes: Any) -> ModelContract:
    """Return the contract of a segmenter of crops, a logit for each 2 x 2 pixels."""
    fields = {
        "name": "small-segmenter",
        "task": "segmenter",
        "outputs": ({"name": "mask", "shape": ("batch", 1, 16, 16)},),
        "decoder": {"type": "mask-logits", "mask": "mask"},
    }
    return classifier_contract(**fields | changes)


def segmenter_model(*, seed: int = 0) -> bytes:
    """Return ONNX with one convolution, so that a logit tells of its own 2 x 2 pixels."""
    kernel = np.random.default_rng(seed).normal(0, 1, (1, 3, 2, 2)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["crops", "w"], ["mask"], strides=[2, 2])]
    output = _value("mask", ("batch", 1, 16, 16))
    return _model(nodes, [_value("crops", ("batch", 3, 32, 32))], [output], [_constant("w", kernel)])


def pose_contract(*, min_batch: int = 1, max_batch: int = 4, **changes: Any) -> ModelContract:
    """Return the contract of a pose model with two poses."""
    fields: dict[str, Any] = {
        "name": "small-pose",
        "version": "1.2.3",
        "task": "pose",
        "input": {"name": "keypoints", "min_batch": min_batch, "max_batch": max_batch, "fit": "keypoints"},
        "outputs": ({"name": "pose", "shape": ("batch", 2)},),
        "decoder": {
            "type": "softmax-heads",
            "heads": ({"output": "pose", "role": "pose", "labels": ("up", "down")},),
        },
    }
    return ModelContract.model_validate(fields | changes)


def pose_model() -> bytes:
    """Return ONNX with one matrix over the keypoints."""
    nodes = [
        helper.make_node("Flatten", ["keypoints"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["pose"]),
    ]
    weights = [_constant("w", np.random.default_rng(0).normal(0, 1, (42, 2)).astype(np.float32))]
    return _model(nodes, [_value("keypoints", ("batch", 21, 2))], [_value("pose", ("batch", 2))], weights)


def keypoint_model(*, seed: int = 0) -> bytes:
    """Return ONNX with one matrix an axis over a crop shrunk to 4 x 4."""
    rng = np.random.default_rng(seed)
    nodes = [
        helper.make_node("AveragePool", ["crops"], ["small"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["small"], ["flat"]),
    ]
    weights = [numpy_helper.from_array(np.array([0, 21, 64], np.int64), "shape")]
    for axis in "xy":
        weights.append(_constant(f"w_{axis}", rng.normal(0, 1, (48, 21 * 64)).astype(np.float32)))
        nodes.append(helper.make_node("MatMul", ["flat", f"w_{axis}"], [f"rows_{axis}"]))
        nodes.append(helper.make_node("Reshape", [f"rows_{axis}", "shape"], [axis]))
    outputs = [_value(axis, ("batch", 21, 64)) for axis in "xy"]
    return _model(nodes, [_value("crops", ("batch", 3, 32, 32))], outputs, weights)


def detector_model(*, seed: int = 0, batch: int | str = "batch") -> bytes:
    """Return ONNX with one convolution per stride, so that every cell answers to its own patch of the picture."""
    rng = np.random.default_rng(seed)
    nodes, weights, outputs = [], [], []
    for stride in STRIDES_PX:
        kernel = rng.normal(0, 4 / stride, (5, 3, stride, stride)).astype(np.float32)
        bias = np.array([-2, 1, 1, 1, 1], np.float32)
        weights += [_constant(f"w{stride}", kernel), _constant(f"b{stride}", bias)]
        inputs = ["image", f"w{stride}", f"b{stride}"]
        nodes.append(helper.make_node("Conv", inputs, [f"level_{stride}"], strides=[stride, stride]))
        outputs.append(_value(f"level_{stride}", (batch, 5, f"h{stride}", f"w{stride}")))
    return _model(nodes, [_value("image", (batch, 3, "height", "width"))], outputs, weights)


def classifier_model(*, seed: int = 0, batch: int | str = "batch", heads: Mapping[str, int] = HEADS) -> bytes:
    """Return ONNX with one matrix per head, of so many classes, over a crop shrunk to 4 x 4."""
    rng = np.random.default_rng(seed)
    nodes = [
        helper.make_node("AveragePool", ["crops"], ["small"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Flatten", ["small"], ["flat"]),
    ]
    weights, outputs = [], []
    for head, classes in heads.items():
        weights.append(_constant(f"w_{head}", rng.normal(0, 1, (48, classes)).astype(np.float32)))
        nodes.append(helper.make_node("MatMul", ["flat", f"w_{head}"], [head]))
        outputs.append(_value(head, (batch, classes)))
    return _model(nodes, [_value("crops", (batch, 3, 32, 32))], outputs, weights)


def write_small_bundle(folder: Path, contract: ModelContract, model: bytes) -> Bundle:
    """Write a bundle of a model with its self-test on a noisy picture."""
    manifest, contents = small_bundle(contract, model)
    return write_bundle(folder, manifest, contents)


def small_bundle(contract: ModelContract, model: bytes) -> tuple[Manifest, dict[str, bytes]]:
    """Return manifest and files of a bundle, not yet written."""
    boxes = ((10.0, 10.0, 60.0, 70.0), (40.0, 20.0, 118.0, 88.0))
    keypoints = tuple(tuple((x1 + row, y1 + row**2 / 9, 1.0) for row in range(21)) for x1, y1, _, _ in boxes)
    sample = CheckPicture(noisy_picture(120, 90), boxes, keypoints)
    outputs = tuple(output.spec() for output in contract.outputs)
    with OnnxRuntimeRunner(model, inputs=(contract.input.spec(),), outputs=outputs) as runner:
        self_test, contents = self_test_vector(task_from_runner(contract, runner), sample)
    contents["model.onnx"] = model
    manifest = Manifest(
        **dict(contract),
        models={"fp32": "model.onnx"},
        files={name: entry_from_bytes(content) for name, content in contents.items()},
        self_test=self_test,
        provenance=Provenance(
            code_licence="Apache-2.0",
            weights_licence="CC0-1.0",
            data=(DataSource(name="noise", licence="CC0-1.0", pictures=0),),
        ),
    )
    return manifest, contents


def noisy_picture(width_px: int, height_px: int, *, seed: int = 1) -> NDArray[np.uint8]:
    """Return a BGR picture of soft coloured patches."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (-(-height_px // 10), -(-width_px // 10), 3), np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((10, 10, 1), np.uint8))[:height_px, :width_px])


def edit_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the manifest of a bundle on disk, whatever comes of it."""
    document = json.loads((folder / MANIFEST_FILE).read_text())
    change(document)
    (folder / MANIFEST_FILE).write_text(json.dumps(document))


def list_again(folder: Path, name: str) -> None:
    """Make the manifest agree with a file that was changed on disk."""
    entry = entry_from_bytes((folder / name).read_bytes()).model_dump()
    edit_manifest(folder, lambda document: document["files"].update({name: entry}))


def _constant(name: str, values: NDArray[np.float32]) -> TensorProto:
    return numpy_helper.from_array(values, name)


def _value(name: str, shape: tuple[int | str, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: list[TensorProto],
) -> bytes:
    graph = helper.make_graph(nodes, "small", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
