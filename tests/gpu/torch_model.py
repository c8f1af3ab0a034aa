# SPDX-License-Identifier: Apache-2.0
"""`TorchModel`: a bundle's model through PyTorch, on the device layer's streams, where TensorRT refuses a GPU."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import torch

from edge.bundle.bundle import Bundle
from edge.errors import ModelError
from edge.gpu.device import Stream
from edge.gpu.driver import LIBRARY
from edge.gpu.owned import Owned
from edge.gpu.recording_stream import RecordingStream, bytes_at
from edge.runners.tensor_spec import TensorSpec
from tests.gpu.torch_graph import TorchGraph

_RELAXED = 2
"""CU_STREAM_CAPTURE_MODE_RELAXED."""
_THREAD = threading.local()


class TorchModel:
    """The FP32 model of a bundle, in float16 inside with `half`; on CUDA, or on the host for a `RecordingStream`."""

    def __init__(self, bundle: Bundle, *, device: str = "cuda", half: bool = False) -> None:
        # Tensor cores would round float32 to ten bits, and the answers are to be the processor's.
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        manifest = bundle.manifest
        self.name = manifest.name
        self.inputs: tuple[TensorSpec, ...] = (manifest.input.spec(),)
        self.outputs: tuple[TensorSpec, ...] = tuple(output.spec() for output in manifest.outputs)
        self._graph = TorchGraph(bundle.read_model("fp32"), device=torch.device(device), half=half)

    def bind(
        self, stream: Stream, shapes: Mapping[str, tuple[int, ...]], addresses: Mapping[str, int]
    ) -> TorchExecution:
        """Return an execution with its tensors at `addresses`."""
        symbols: dict[str, int] = {}
        for spec in self.inputs:
            symbols |= spec.symbols_in(shapes[spec.name])
        on_host = isinstance(stream, RecordingStream)
        tensors: dict[str, torch.Tensor] = {}
        for spec in (*self.inputs, *self.outputs):
            shape = shapes.get(spec.name) or spec.resolved(symbols)
            if shape is None:
                raise ModelError(f"output {spec.name!r} has a shape that depends on the data")
            tensors[spec.name] = _tensor_at(addresses[spec.name], shape, on_host=on_host)
        return TorchExecution(self.name, self._graph, tensors, tuple(addresses.values()), stream)

    def close(self) -> None:
        """Release the weights."""
        del self._graph


class TorchExecution(Owned):
    """A graph with its tensors, and on CUDA a pool of memory that only its own runs use, for they may be replayed."""

    def __init__(
        self,
        name: str,
        graph: TorchGraph,
        tensors: Mapping[str, torch.Tensor],
        addresses: tuple[int, ...],
        stream: Any,
    ) -> None:
        super().__init__("execution", stream.open)
        self._name, self._graph, self._tensors, self._addresses = name, graph, tensors, addresses
        self._on_host = isinstance(stream, RecordingStream)
        self._pool: Any = None
        self._stream: Any = None
        if not self._on_host:
            self._pool = torch.cuda.MemPool()
            external: Any = torch.cuda.ExternalStream
            self._stream = external(stream.handle)

    def enqueue(self, stream: Any) -> None:
        """Queue one run."""
        if self._on_host:
            stream.execute(self._name, self._run, self._addresses, self)
            return
        _prepare_thread()
        with ExitStack() as stack:
            stack.enter_context(torch.cuda.stream(self._stream))
            stack.enter_context(torch.cuda.use_mem_pool(self._pool))
            try:
                self._run()
            except RuntimeError as error:
                raise ModelError(f"PyTorch could not run {self._name}: {error}") from error

    def _run(self) -> None:
        with torch.inference_mode():
            results = self._graph({name: self._tensors[name] for name in self._graph.inputs})
            for name, result in results.items():
                self._tensors[name].copy_(result)

    def _release(self) -> None:
        self._tensors = {}
        self._pool = self._stream = None


def _prepare_thread() -> None:
    """Let PyTorch make what it has one of a thread, the handles of cuBLAS and cuDNN, which a capture forbids.

    A stream that was warmed up in one thread may be captured in another.
    """
    if getattr(_THREAD, "ready", False):
        return
    exchange = ctypes.CDLL(LIBRARY).cuThreadExchangeStreamCaptureMode
    mode = ctypes.c_int(_RELAXED)
    exchange(ctypes.byref(mode))
    try:
        with torch.inference_mode(), torch.cuda.stream(torch.cuda.Stream()):
            ones = torch.ones(1, 8, 8, 8, device="cuda")
            torch.nn.functional.conv2d(ones, torch.ones(8, 8, 3, 3, device="cuda"), padding=1)
            torch.addmm(ones[0, 0, 0], ones[0, 0], ones[0, 0])
        _THREAD.ready = True
    finally:
        exchange(ctypes.byref(mode))


class _At:
    """float32 values at an address of the GPU, as NumPy's array interface for CUDA describes them."""

    def __init__(self, address: int, shape: tuple[int, ...]) -> None:
        self.__cuda_array_interface__ = {"shape": shape, "typestr": "<f4", "data": (address, False), "version": 3}


def _tensor_at(address: int, shape: tuple[int, ...], *, on_host: bool) -> torch.Tensor:
    if not on_host:
        return torch.as_tensor(_At(address, shape), device="cuda")
    count = 1
    for size in shape:
        count *= size
    return torch.from_numpy(bytes_at(address, count * 4).view("float32").reshape(shape))
