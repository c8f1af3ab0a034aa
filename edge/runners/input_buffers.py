# SPDX-License-Identifier: Apache-2.0
"""`InputBuffers`: host memory for the largest inputs of a model, handed out as views."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.runners.tensor_spec import TensorSpec

ALIGNMENT_BYTES = 64


class InputBuffers:
    """One block of memory per input, as large as its `max_shape`; a view starts at the block's beginning."""

    def __init__(self, specs: tuple[TensorSpec, ...]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._blocks = {spec.name: _aligned(_largest(spec), np.dtype(spec.dtype)) for spec in specs}
        self._views: dict[str, NDArray[Any]] = {}

    def view(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the memory of input `name` in this shape and remember it as current. Raises `ModelError`."""
        current = self._views.get(name)
        if current is not None and current.shape == shape:
            return current
        if name not in self._specs:
            raise ModelError(f"there is no input {name!r}; the inputs are {', '.join(self._specs)}")
        self._specs[name].symbols_in(shape)
        self._views[name] = self._blocks[name][: math.prod(shape)].reshape(shape)
        return self._views[name]

    def current(self) -> Mapping[str, NDArray[Any]]:
        """Return the views last asked for, one for every input. Raises `ModelError` when one is missing."""
        missing = [name for name in self._specs if name not in self._views]
        if missing:
            raise ModelError(f"input {missing[0]!r} was never written; call input_buffer before infer")
        return self._views

    def symbols(self) -> dict[str, int]:
        """Return the value of every symbol in the current shapes. Raises `ModelError` when two inputs disagree."""
        symbols: dict[str, int] = {}
        for name, view in self.current().items():
            for symbol, size in self._specs[name].symbols_in(view.shape).items():
                if symbols.setdefault(symbol, size) != size:
                    raise ModelError(f"inputs disagree about {symbol!r}: {symbols[symbol]} and {size} for {name!r}")
        return symbols


def _largest(spec: TensorSpec) -> int:
    if spec.max_shape is None:
        raise ModelError(f"input {spec.name!r} of shape {spec.shape} needs a largest shape; pass it in max_shape")
    return math.prod(spec.max_shape)


def _aligned(count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    raw = np.zeros(count * dtype.itemsize + ALIGNMENT_BYTES, np.uint8)
    start = -raw.ctypes.data % ALIGNMENT_BYTES
    return raw[start : start + count * dtype.itemsize].view(dtype)
