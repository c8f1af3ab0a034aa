# SPDX-License-Identifier: Apache-2.0
"""A look into an ONNX file, without reading its weights, for data kept in other files.

The device has no onnx package, and ONNX Runtime would open external files by itself. Field numbers are those of
onnx.proto3; the encoding is that of https://protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.errors import BundleFormatError

MAX_DEPTH = 64
EXTERNAL_DATA, DATA_LOCATION = 13, 14
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
# Message fields, by kind of message, that may lead to a tensor.
_FIELDS = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}


def refuse_external_data(model: bytes, *, origin: str) -> None:
    """Raise `BundleFormatError` when a tensor of the ONNX file lives elsewhere or the file is not ONNX."""
    has_graph = external = False
    try:
        for kind, elsewhere in _messages(memoryview(model)):
            has_graph = has_graph or kind == "graph"
            external = external or elsewhere
    except ValueError as error:
        raise BundleFormatError(f"{origin} is not a readable ONNX file: {error}; export it again") from error
    if external:
        raise BundleFormatError(
            f"{origin} keeps weights in other files, which a bundle may not; save it with them inside"
        )
    if not has_graph:
        raise BundleFormatError(f"{origin} is not a readable ONNX file: it has no graph; export it again")


def _messages(view: memoryview) -> Iterator[tuple[str, bool]]:
    """Yield the kind of every message on the way to a tensor, and whether it is a tensor kept elsewhere."""
    pending = [("model", 0, len(view), 0)]
    while pending:
        kind, start, end, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise ValueError("its messages are nested too deeply")
        external = False
        for field, first, last in _fields(view, start, end):
            child = _FIELDS[kind].get(field)
            if child is not None:
                pending.append((child, first, last, depth + 1))
            elif kind == "tensor" and field == DATA_LOCATION:
                external = external or _varint(view, first, last)[0] != 0
            elif kind == "tensor" and field == EXTERNAL_DATA:
                external = True
        yield kind, external


def _fields(view: memoryview, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (field number, start, end) of each field's value between two positions."""
    while position < end:
        key, position = _varint(view, position, end)
        if key >= 2**32:
            raise ValueError("a field number is too large")
        wire_type = key & 7
        start = position
        if wire_type == VARINT:
            position = _varint(view, position, end)[1]
        elif wire_type == BYTES:
            length, start = _varint(view, position, end)
            position = start + length
        elif wire_type in (FIXED64, FIXED32):
            position += 8 if wire_type == FIXED64 else 4
        else:
            raise ValueError(f"a field has the unknown type {wire_type}")
        if position > end:
            raise ValueError("it ends in the middle of a field")
        yield key >> 3, start, position


def _varint(view: memoryview, position: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            raise ValueError("it ends in the middle of a number")
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a number is too long")
