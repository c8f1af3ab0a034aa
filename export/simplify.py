# SPDX-License-Identifier: Apache-2.0
"""onnxsim over an ONNX file, if it is installed and succeeds."""

from __future__ import annotations

import onnx

from export.onnx_from_module import checked_bytes


def simplified(model: bytes) -> tuple[bytes | None, str]:
    """Return the simplified file, or None, and a remark for the report: versions and node counts, or why not."""
    try:
        import onnxsim
    except ImportError:
        return None, "onnxsim is not installed"
    tool = f"onnxsim {onnxsim.__version__.lstrip('v')}"
    before = onnx.load_from_string(model)
    try:
        after, sound = onnxsim.simplify(before)
        content = checked_bytes(after)
    except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
        return None, f"{tool} failed: {' '.join(str(error).split())[:200]}"
    if not sound or _signature(before) != _signature(after):
        return None, f"{tool} changed inputs or outputs"
    return content, f"{tool}, {len(before.graph.node)} to {len(after.graph.node)} nodes"


def _signature(model: onnx.ModelProto) -> list[tuple[str, int, list[str]]]:
    values = (*model.graph.input, *model.graph.output)
    return [
        (
            value.name,
            value.type.tensor_type.elem_type,
            [str(size.dim_param or size.dim_value) for size in value.type.tensor_type.shape.dim],
        )
        for value in values
    ]
