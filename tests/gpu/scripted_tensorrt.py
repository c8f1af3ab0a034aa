# SPDX-License-Identifier: Apache-2.0
"""`ScriptedTensorRt`: the part of TensorRT's Python API that runs an engine, on a `RecordingGpu`; it minds the rules.

A plan is `MAGIC` and ONNX. What real TensorRT answers with None, False or a message in its log, this does too.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Mapping
from enum import Enum

import numpy as np
import onnxruntime

from edge.gpu.device import ALIGNMENT_BYTES
from edge.gpu.recording import RecordingGpu
from edge.gpu.recording_stream import bytes_at

MAGIC = b"scripted plan"


TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
}


class TensorIOMode(Enum):
    NONE, INPUT, OUTPUT = range(3)


class ILogger:
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)

    def log(self, severity: int, message: str) -> None:
        raise NotImplementedError


class ScriptedTensorRt:
    """Stands for the module; `most` has the largest shape of each input."""

    __name__ = "scripted_tensorrt"
    __version__ = "10.3.0"

    def __init__(self, gpu: RecordingGpu, most: Mapping[str, tuple[int, ...]]) -> None:
        self.gpu, self.most = gpu, most
        self.ILogger, self.TensorIOMode = ILogger, TensorIOMode
        self.contexts: weakref.WeakSet[Context] = weakref.WeakSet()

    def Runtime(self, logger: ILogger) -> Runtime:  # noqa: N802 - TensorRT's name
        return Runtime(self, logger)

    @staticmethod
    def nptype(kind: str) -> type[np.generic]:
        if kind not in TYPES:
            raise TypeError(f"Could not resolve TensorRT datatype {kind} to an equivalent numpy datatype.")
        return TYPES[kind]


class Runtime:
    def __init__(self, flavour: ScriptedTensorRt, logger: ILogger) -> None:
        self._flavour, self._logger = flavour, logger

    def deserialize_cuda_engine(self, plan: bytes) -> Engine | None:
        if not plan.startswith(MAGIC):
            self._logger.log(ILogger.WARNING, "a warning is no reason")
            self._logger.log(ILogger.ERROR, "Serialization assertion failed: magic\n tag")
            return None
        return Engine(self._flavour, self._logger, plan[len(MAGIC) :])


class Engine:
    def __init__(self, flavour: ScriptedTensorRt, logger: ILogger, model: bytes) -> None:
        self.flavour, self.logger = flavour, logger
        self.session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        self.tensors = {tensor.name: tensor for tensor in (*self.session.get_inputs(), *self.session.get_outputs())}
        self.input_names = {tensor.name for tensor in self.session.get_inputs()}

    @property
    def num_io_tensors(self) -> int:
        return len(self.tensors)

    def get_tensor_name(self, number: int) -> str:
        return str(list(self.tensors)[number])

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        if name not in self.tensors:
            return TensorIOMode.NONE
        return TensorIOMode.INPUT if name in self.input_names else TensorIOMode.OUTPUT

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(size if isinstance(size, int) else -1 for size in self.tensors[name].shape)

    def get_tensor_dtype(self, name: str) -> str:
        return str(self.tensors[name].type)

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        assert profile == 0
        most = self.flavour.most[name]
        least = tuple(1 if size == -1 else size for size in self.get_tensor_shape(name))
        return [least, most, most]

    def create_execution_context(self) -> Context:
        context = Context(self)
        self.flavour.contexts.add(context)
        return context


class Context:
    closed = False

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shapes: dict[str, tuple[int, ...]] = {}
        self.addresses: dict[str, int] = {}
        self.consumed = 0
        self.runs = 0

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        least, _, most = self._engine.get_tensor_profile_shape(name, 0)
        if not all(low <= size <= high for low, size, high in zip(least, shape, most, strict=True)):
            self._engine.logger.log(ILogger.ERROR, "setInputShape: dimensions outside the profile")
            return False
        self._shapes[name] = tuple(shape)
        return True

    def infer_shapes(self) -> list[str]:
        return sorted(self._engine.input_names - set(self._shapes))

    def set_tensor_address(self, name: str, address: int) -> bool:
        assert address % ALIGNMENT_BYTES == 0
        self.addresses[name] = address
        return name in self._engine.tensors

    def set_input_consumed_event(self, event: int) -> bool:
        self.consumed = event
        return True

    def execute_async_v3(self, handle: int) -> bool:
        if handle == 0:
            raise AssertionError("the default stream makes TensorRT synchronise the device")
        if set(self.addresses) != set(self._engine.tensors):
            self._engine.logger.log(ILogger.ERROR, "enqueueV3: address is not set")
            return False
        (stream,) = [stream for stream in self._engine.flavour.gpu.streams if stream.handle == handle]
        stream.execute("engine", self._run, tuple(self.addresses.values()), self)
        self.runs += 1
        return True

    def _run(self) -> None:
        engine = self._engine
        feeds = {}
        for name in engine.input_names:
            shape, dtype = self._shapes[name], engine.flavour.nptype(engine.get_tensor_dtype(name))
            size_bytes = math.prod(shape) * np.dtype(dtype).itemsize
            feeds[name] = bytes_at(self.addresses[name], size_bytes).view(dtype).reshape(shape)
        names = [name for name in engine.tensors if name not in engine.input_names]
        for name, array in zip(names, engine.session.run(names, feeds), strict=True):
            bytes_at(self.addresses[name], array.nbytes)[...] = array.reshape(-1).view(np.uint8)
