# SPDX-License-Identifier: Apache-2.0
"""Opening a teacher's ONNX model."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from edge.errors import SourceError


def session_from_file(path: Path) -> onnxruntime.InferenceSession:
    """Return a single-threaded CPU session of the model at `path`. Raises `SourceError` when it cannot be read."""
    if not path.is_file():
        raise SourceError(f"{path} is not a file; expected the teacher's ONNX model")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        raise SourceError(f"{path} is not an ONNX model that ONNX Runtime can open; download it again") from error
