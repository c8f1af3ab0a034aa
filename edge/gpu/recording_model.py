# SPDX-License-Identifier: Apache-2.0
"""`RecordingModel`: a model on a `RecordingGpu`, run by ONNX Runtime on the host's memory."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from edge.bundle.bundle import Bundle
from edge.errors import ModelError
from edge.gpu.device import Stream
from edge.gpu.owned import Owned
from edge.gpu.recording_stream import RecordingStream
from edge.runners.onnxruntime import session_from_model
from edge.runners.tensor_spec import TensorSpec


class RecordingModel:
    """The FP32 model of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        manifest = bundle.manifest
        self.inputs: tuple[TensorSpec, ...] = (manifest.input.spec(),)
        self.outputs: tuple[TensorSpec, ...] = tuple(output.spec() for output in manifest.outputs)
        self.name = manifest.name
        self._session: Any = session_from_model(bundle.read_model("fp32"), threads=1)

    def bind(
        self, stream: Stream, shapes: Mapping[str, tuple[int, ...]], addresses: Mapping[str, int]
    ) -> RecordingExecution:
        """Return an execution for a `RecordingStream`. Raises `ModelError`."""
        if not isinstance(stream, RecordingStream):
            raise ModelError(f"a RecordingModel runs on a RecordingStream, got {type(stream).__name__}")
        symbols: dict[str, int] = {}
        binding = self._session.io_binding()
        for spec in self.inputs:
            symbols |= spec.symbols_in(shapes[spec.name])
            binding.bind_input(spec.name, "cpu", 0, np.dtype(spec.dtype), shapes[spec.name], addresses[spec.name])
        for spec in self.outputs:
            shape = spec.resolved(symbols)
            if shape is None:
                raise ModelError(f"output {spec.name!r} has a shape that depends on the data")
            binding.bind_output(spec.name, "cpu", 0, np.dtype(spec.dtype), shape, addresses[spec.name])
        return RecordingExecution(self.name, self._session, binding, tuple(addresses.values()), stream)

    def close(self) -> None:
        """Release the session; closing twice is allowed."""
        self._session = None


class RecordingExecution(Owned):
    """A session with its tensors bound to addresses."""

    def __init__(
        self, name: str, session: Any, binding: Any, addresses: tuple[int, ...], stream: RecordingStream
    ) -> None:
        super().__init__("execution", stream.open)
        self._name, self._session, self._binding, self._addresses = name, session, binding, addresses

    def enqueue(self, stream: Stream) -> None:
        """Queue one run. Raises `ModelError` for a stream of another device."""
        if not isinstance(stream, RecordingStream):
            raise ModelError(f"a RecordingModel runs on a RecordingStream, got {type(stream).__name__}")
        session, binding = self._session, self._binding
        stream.execute(self._name, lambda: session.run_with_iobinding(binding), self._addresses, self)

    def _release(self) -> None:
        with suppress(AttributeError):
            del self._session, self._binding
