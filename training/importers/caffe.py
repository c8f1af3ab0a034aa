# SPDX-License-Identifier: Apache-2.0
"""Weights in `.caffemodel` files, without Caffe.

Such a file is a protocol buffer, the message `NetParameter`; the fields below are those of `caffe.proto` in BVLC/caffe
that lead to weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from torch import Tensor

from edge.errors import SourceError

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "caffe_weights"
_ONE, _MANY = _Field.LABEL_OPTIONAL, _Field.LABEL_REPEATED
# Message, field, number, type and how often; a message's own name is its type. Files before 2014 have `layers`.
_FIELDS: tuple[tuple[str, str, int, Any, int], ...] = (
    ("NetParameter", "layers", 2, "OldLayer", _MANY),
    ("NetParameter", "layer", 100, "Layer", _MANY),
    ("OldLayer", "name", 4, _Field.TYPE_STRING, _ONE),
    ("OldLayer", "blobs", 6, "Blob", _MANY),
    ("Layer", "name", 1, _Field.TYPE_STRING, _ONE),
    ("Layer", "blobs", 7, "Blob", _MANY),
    ("Blob", "num", 1, _Field.TYPE_INT32, _ONE),
    ("Blob", "channels", 2, _Field.TYPE_INT32, _ONE),
    ("Blob", "height", 3, _Field.TYPE_INT32, _ONE),
    ("Blob", "width", 4, _Field.TYPE_INT32, _ONE),
    ("Blob", "data", 5, _Field.TYPE_FLOAT, _MANY),
    ("Blob", "shape", 7, "Shape", _ONE),
    ("Shape", "dim", 1, _Field.TYPE_INT64, _MANY),
)
_NAMES_OF_BLOBS = ("weight", "bias")


def message_of_caffe() -> Any:
    """Return the class of `NetParameter` with the fields that lead to weights."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto2")
    messages: dict[str, Any] = {}
    for message, name, number, kind, often in _FIELDS:
        if message not in messages:
            messages[message] = file.message_type.add(name=message)
        field = messages[message].field.add(name=name, number=number, label=often)
        if isinstance(kind, str):
            field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
        else:
            field.type = kind
            field.options.packed = often == _MANY
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.NetParameter"))


def tensors_of_caffemodel(path: Path) -> dict[str, Tensor]:
    """Return `LAYER.weight` and `LAYER.bias` of every layer with weights, float32.

    Raises `SourceError` when the file cannot be read, is no `.caffemodel`, or has a tensor of another size than
    it says.
    """
    net = message_of_caffe()()
    try:
        net.ParseFromString(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; name a .caffemodel file") from error
    except DecodeError as error:
        raise SourceError(f"{path} is not a .caffemodel file, or is cut; copy or download it again") from error
    tensors = {
        f"{layer.name}.{name}": _tensor(blob, f"{path}: {layer.name}.{name}")
        for layer in (*net.layers, *net.layer)
        for name, blob in zip(_NAMES_OF_BLOBS, layer.blobs, strict=False)
    }
    if not tensors:
        raise SourceError(f"{path} holds no weights; name a .caffemodel file, not its .prototxt")
    return tensors


def _tensor(blob: Any, origin: str) -> Tensor:
    """Return the tensor of a blob; older ones have four sides, of which those of a bias are 1 but the last."""
    sides = tuple(blob.shape.dim) or (blob.num, blob.channels, blob.height, blob.width)
    if origin.endswith(".bias"):
        sides = (int(np.prod(sides)),)
    values = np.array(blob.data, np.float32)
    if len(values) != np.prod(sides):
        raise SourceError(f"{origin} has {len(values)} values and says {sides}; copy or download it again")
    return torch.from_numpy(values.reshape(sides))
