# SPDX-License-Identifier: Apache-2.0
"""FP16 in the graph: casts where float32 ends, half-precision weights and tensors between them."""

from __future__ import annotations

from collections.abc import Collection

import onnx

from edge.errors import ModelError
from export.onnx_from_module import checked_bytes
from export.onnx_graph import graph_from_bytes, require_nodes


def fp16_from_onnx(model: bytes, *, keep: Collection[str] = (), half_io: bool = False) -> bytes:
    """Return the model in FP16 but for the nodes named in `keep`; inputs and outputs stay float32 unless `half_io`.

    Raises `ModelError` for a name that no node has, and when the result is not valid ONNX.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    graph = graph_from_bytes(model)
    require_nodes(graph, keep)
    try:
        half = convert_float_to_float16(graph, keep_io_types=not half_io, node_block_list=list(keep))
        OnnxModel.graph_topological_sort(half.graph)
        return checked_bytes(half)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise ModelError(f"the model cannot be written in FP16: {' '.join(str(error).split())[:300]}") from error
