# SPDX-License-Identifier: Apache-2.0
"""`ResultsBlock`: all that a frame comes to, side by side in the GPU's memory, and one copy of it for the host."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.gpu.device import Gpu, Stream
from edge.gpu.zeroed import zeroed

Fields = Mapping[str, tuple[Any, ...]]
"""Type and shape of arrays by name, as `(np.float32, 8, 4)`."""

_ALIGNMENT_BYTES = 64
"""A cache line: the host reads none that the GPU writes for another array."""


class ResultsBlock:
    """Arrays of these shapes and types by name; the owner of `opened` frees them.

    `addresses` are the GPU's; `arrays` are the host's, and have what `copy_out` brought. Kernels read some of them
    again, so that they lie in the GPU's memory and not where the host reads them. The GPU's begin as zeros.
    """

    def __init__(self, gpu: Gpu, stream: Stream, opened: ExitStack, fields: Fields) -> None:
        offsets: dict[str, int] = {}
        size_bytes = 0
        for name, (dtype, *shape) in fields.items():
            offsets[name] = size_bytes
            field_bytes = math.prod(shape) * np.dtype(dtype).itemsize
            size_bytes += -(-field_bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
        self._host = opened.enter_context(gpu.host_memory(size_bytes)).array
        self._address = zeroed(gpu, stream, opened, size_bytes)
        self.addresses = {name: self._address + offset for name, offset in offsets.items()}
        self.arrays: dict[str, NDArray[Any]] = {}
        for name, (dtype, *shape) in fields.items():
            end = offsets[name] + math.prod(shape) * np.dtype(dtype).itemsize
            self.arrays[name] = self._host[offsets[name] : end].view(dtype).reshape(shape)

    def copy_out(self, stream: Stream) -> None:
        """Queue the copy to the host."""
        stream.copy_out(self._host, self._address)
