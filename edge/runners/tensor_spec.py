# SPDX-License-Identifier: Apache-2.0
"""`TensorSpec`: name, type and shape of an input or output, with symbols where the shape may vary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor of a model.

    `shape` holds numbers and symbols; `symbol/8` is the symbol divided by 8, rounded up; `any` depends on the data.
    `max_shape` bounds an input: a runner allocates that much and no more; None where nothing needs a bound.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    max_shape: tuple[int, ...] | None = None

    def symbols_in(self, shape: tuple[int, ...]) -> dict[str, int]:
        """Return the value of each symbol when the tensor has `shape`.

        Raises `ModelError` when `shape` does not fit: another rank, a fixed dimension that differs, above `max_shape`.
        """
        fits = len(shape) == len(self.shape) and all(size >= 1 for size in shape)
        symbols: dict[str, int] = {}
        for wanted, size in zip(self.shape, shape, strict=False):
            fits = fits and (symbols.setdefault(wanted, size) == size if isinstance(wanted, str) else wanted == size)
        if fits and self.max_shape is not None:
            fits = all(size <= most for size, most in zip(shape, self.max_shape, strict=True))
        if not fits:
            raise ModelError(f"input {self.name!r} must be {self.describe()}, got {shape}")
        return symbols

    def resolved(self, symbols: Mapping[str, int]) -> tuple[int, ...] | None:
        """Return the shape for these symbols, or None where it depends on the data."""
        sizes = [_size(dimension, symbols) for dimension in self.shape]
        return None if None in sizes else tuple(size for size in sizes if size is not None)

    def checked(self, value: NDArray[Any] | None, symbols: Mapping[str, int]) -> NDArray[Any]:
        """Return the output `value` when it agrees with this. Raises `ModelError` with what was expected and given."""
        if value is None:
            raise ModelError(f"the model gave no output {self.name!r}")
        sizes = [_size(dimension, symbols) for dimension in self.shape]
        fits = value.dtype == np.dtype(self.dtype) and value.ndim == len(sizes)
        if not fits or any(wanted not in (None, size) for wanted, size in zip(sizes, value.shape, strict=True)):
            raise ModelError(f"output {self.name!r} must be {self.describe()}, got {value.shape} {value.dtype}")
        return value

    def describe(self) -> str:
        """Return the shape as a reader expects it: `(batch, 3, height, width) float32, at most (1, 3, 320, 320)`."""
        text = f"({', '.join(str(dimension) for dimension in self.shape)}) {self.dtype}"
        return text if self.max_shape is None else f"{text}, at most {self.max_shape}"


def _size(dimension: int | str, symbols: Mapping[str, int]) -> int | None:
    if isinstance(dimension, int):
        return dimension
    if dimension in symbols:
        return symbols[dimension]
    symbol, _, divisor = dimension.partition("/")
    return -(-symbols[symbol] // int(divisor)) if symbol in symbols and divisor.isdigit() else None
