# SPDX-License-Identifier: Apache-2.0
"""A bundle of a YOLO detector that its own tools exported to ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import ValueInfoProto
from pydantic import ValidationError

from edge.bundle.bundle import Bundle
from edge.bundle.contract import ModelContract
from edge.bundle.files import entry_from_bytes
from edge.bundle.manifest import MAX_MODEL_BYTES, Manifest
from edge.bundle.provenance import DataSource, Provenance
from edge.bundle.tensors import InputTensor, OutputTensor
from edge.bundle.writing import write_bundle
from edge.decoders import Yolo
from edge.errors import BundleFormatError, SourceError, UsageError
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.strict_model import first_problem
from edge.tasks.loading import task_from_runner
from export.pictures import rendered_pictures
from export.self_test_vector import self_test_vector

MODEL_FILE = "model.onnx"
NOT_STATED = "not stated"
# Ultralytics divides by 255 and pads with grey.
MEAN, STD, PAD = (0.0,) * 3, (255.0,) * 3, (114.0,) * 3
FLOAT32 = onnx.TensorProto.FLOAT


@dataclass(frozen=True, slots=True)
class YoloSettings:
    """What an ONNX file does not say; fields as in `edge.decoders.Yolo`, and those of the bundle."""

    layout: str
    name: str
    to: Path = Path("bundles")
    version: str = "1.0.0"
    hand_classes: tuple[int, ...] | None = None
    min_score: float = 0.25
    nms_iou: float = 0.5
    max_hands: int = 50
    weights_licence: str = NOT_STATED
    data: str = NOT_STATED


def bundle_from_yolo(path: Path, settings: YoloSettings) -> Bundle:
    """Pack the ONNX file as a bundle that has passed its own self-test.

    Raises `SourceError` when it cannot be read or is not of a fixed size, `UsageError` when its tensors are not those
    of the layout, `BundleFormatError` when a bundle cannot hold it, `OutputError` when the bundle cannot be written.
    """
    content = _content_of(path)
    contract = _contract(path, content, settings)
    outputs = tuple(output.spec() for output in contract.outputs)
    with OnnxRuntimeRunner(content, inputs=(contract.input.spec(),), outputs=outputs) as runner:
        task = task_from_runner(contract, runner)
        self_test, contents = self_test_vector(task, rendered_pictures(most=1)[0])
    contents[MODEL_FILE] = content
    manifest = Manifest(
        **dict(contract),
        description=f"{path.name}, imported",
        models={"fp32": MODEL_FILE},
        files={name: entry_from_bytes(content) for name, content in contents.items()},
        self_test=self_test,
        provenance=Provenance(
            code_licence=NOT_STATED,
            weights_licence=settings.weights_licence,
            data=(DataSource(name=settings.data, licence=NOT_STATED),),
        ),
    )
    return write_bundle(settings.to / contract.name, manifest, contents, check=lambda bundle: bundle.verify())


def _content_of(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; name an ONNX file") from error
    if len(content) > MAX_MODEL_BYTES:
        raise BundleFormatError(
            f"{path} has {len(content) >> 20} MiB and a bundle takes {MAX_MODEL_BYTES >> 20}; export a smaller network"
        )
    return content


def _contract(path: Path, content: bytes, settings: YoloSettings) -> ModelContract:
    try:
        graph = onnx.load_model_from_string(content).graph
    except DecodeError as error:
        raise SourceError(f"{path} is not an ONNX file; export the network to ONNX") from error
    if len(graph.input) != 1 or not graph.output:
        raise SourceError(f"{path} must have one input and at least one output, got {len(graph.input)} inputs")
    _, _, height_px, width_px = _input_shape(path, graph.input[0])
    shapes = {output.name: tuple(size or "any" for size in _shape_of(output)) for output in graph.output}
    image = {"name": graph.input[0].name, "max_batch": 1, "fit": "letterbox", "width_px": width_px}
    normalisation = {"height_px": height_px, "colour": "rgb", "mean": MEAN, "std": STD, "pad": PAD}
    try:
        return ModelContract(
            name=settings.name,
            version=settings.version,
            task="detector",
            input=InputTensor.model_validate(image | normalisation),
            outputs=tuple(OutputTensor(name=name, shape=shape) for name, shape in shapes.items()),
            decoder=Yolo.model_validate(
                {
                    "type": settings.layout,
                    "output": graph.output[0].name,
                    "hand_classes": settings.hand_classes,
                    "min_score": settings.min_score,
                    "nms_iou": settings.nms_iou,
                    "max_hands": settings.max_hands,
                }
            ),
        )
    except ValidationError as error:
        raise UsageError(f"{path} as {settings.layout}: {first_problem(error)}") from error


def _input_shape(path: Path, tensor: ValueInfoProto) -> Sequence[int]:
    shape = _shape_of(tensor)
    floats = tensor.type.tensor_type.elem_type == FLOAT32
    if not floats or len(shape) != 4 or shape[:2] != [1, 3] or not all(shape):
        given = ", ".join(str(size or "any") for size in shape)
        raise SourceError(
            f"{path} must take (1, 3, height, width) float32, got ({given}){'' if floats else ' of another type'};"
            " export it with dynamic=False, half=False and batch=1"
        )
    return shape


def _shape_of(tensor: ValueInfoProto) -> list[int]:
    """Return the sides of a tensor; 0 for one that may vary."""
    return [dimension.dim_value for dimension in tensor.type.tensor_type.shape.dim]
