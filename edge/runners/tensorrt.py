# SPDX-License-Identifier: Apache-2.0
"""`TensorRtModel`: an engine of TensorRT or TensorRT-RTX, from 8.5 on, that works on the GPU's memory."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.errors import BundleFormatError, ModelError
from edge.gpu.device import ALIGNMENT_BYTES, Event, Stream
from edge.runners.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from typing_extensions import Self

_MOST_MESSAGES = 20


class TensorRtModel:
    """The engine in `plan`, deserialised by `flavour`, the module `tensorrt` or `tensorrt_rtx`.

    The plan is run as native code: give only what was verified. `inputs` and `outputs` are the contract's: its names
    must be the engine's, and its shapes say which dimensions vary together. Raises `ModelError` when the engine is for
    another GPU or version, `BundleFormatError` when it disagrees with the contract.
    """

    def __init__(
        self, plan: bytes, flavour: ModuleType, *, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
    ) -> None:
        self._flavour = flavour
        self._logger = _logger(flavour)
        self._runtime: Any = flavour.Runtime(self._logger)
        self._engine: Any = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise ModelError(
                f"{flavour.__name__} {flavour.__version__} cannot load the engine: {self._logger.told()}; engines are"
                " for one GPU and one version, so build it again on this machine"
            )
        try:
            self._inputs = tuple(self._as_built(spec, flavour.TensorIOMode.INPUT) for spec in inputs)
            self._outputs = tuple(self._as_built(spec, flavour.TensorIOMode.OUTPUT) for spec in outputs)
            self._require_all_named()
        except BaseException:
            self.close()
            raise

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs, in the types that the engine has, with the largest shape each may take."""
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs, in the types that the engine has."""
        return self._outputs

    def bind(
        self,
        stream: Stream,
        shapes: Mapping[str, tuple[int, ...]],
        addresses: Mapping[str, int],
        *,
        consumed: Event | None = None,
    ) -> TensorRtExecution:
        """Return an execution with inputs of these shapes, its tensors at `addresses`.

        `consumed` is recorded in every run as soon as its inputs may be overwritten. Raises `ModelError`.
        """
        del stream  # any stream may run it
        if self._engine is None:
            raise ModelError("this engine is closed; open another one")
        context = self._engine.create_execution_context()
        if context is None:
            raise ModelError(f"TensorRT could not make an execution context: {self._logger.told()}; use fewer lanes")
        for name, shape in shapes.items():
            if not context.set_input_shape(name, shape):
                least, _, most = self._engine.get_tensor_profile_shape(name, 0)
                raise ModelError(f"input {name!r} must lie within {tuple(least)} and {tuple(most)}, got {shape}")
        missing = context.infer_shapes()
        if missing:
            raise ModelError(f"the engine needs a shape for {', '.join(missing)}; bind all of its inputs")
        for spec in (*self._inputs, *self._outputs):
            _set_address(context, spec.name, addresses)
        if consumed is not None:
            context.set_input_consumed_event(consumed.handle)
        return TensorRtExecution(context, self._logger)

    def close(self) -> None:
        """Release the engine; closing twice is allowed."""
        self._engine = self._runtime = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _as_built(self, spec: TensorSpec, mode: Any) -> TensorSpec:
        engine, names = self._engine, self._names()
        if spec.name not in names or engine.get_tensor_mode(spec.name) != mode:
            raise BundleFormatError(
                f"the contract has a tensor {spec.name!r}, the engine has {', '.join(names)}; build it again"
            )
        built = tuple(engine.get_tensor_shape(spec.name))
        fits = len(built) == len(spec.shape) and all(
            size == -1 or isinstance(wanted, str) or size == wanted
            for size, wanted in zip(built, spec.shape, strict=True)
        )
        if not fits:
            raise BundleFormatError(f"{spec.name!r} is {spec.describe()}, but {built} in the engine; build it again")
        dtype = self._dtype(spec.name)
        if spec.max_shape is None:
            return TensorSpec(spec.name, dtype, spec.shape)
        most = engine.get_tensor_profile_shape(spec.name, 0)[2] if -1 in built else built
        # A dimension that the contract lets vary may be fixed in the engine.
        shape = tuple(wanted if size == -1 else size for size, wanted in zip(built, spec.shape, strict=True))
        return TensorSpec(spec.name, dtype, shape, tuple(int(size) for size in most))

    def _dtype(self, name: str) -> str:
        kind = self._engine.get_tensor_dtype(name)
        try:
            return str(np.dtype(self._flavour.nptype(kind)).name)
        except TypeError as error:
            raise BundleFormatError(f"{name!r} is {kind} in the engine; build it with float32 or float16") from error

    def _names(self) -> list[str]:
        return [str(self._engine.get_tensor_name(number)) for number in range(self._engine.num_io_tensors)]

    def _require_all_named(self) -> None:
        known = {spec.name for spec in (*self._inputs, *self._outputs)}
        more = [name for name in self._names() if name not in known]
        if more:
            raise BundleFormatError(f"the engine has {', '.join(more)} too, which the contract lacks; build it again")


class TensorRtExecution:
    """An execution context with its shapes and addresses set."""

    def __init__(self, context: Any, logger: Any) -> None:
        self._context, self._logger = context, logger

    def enqueue(self, stream: Stream) -> None:
        """Queue one run on `stream`. Raises `ModelError`."""
        if not self._context.execute_async_v3(stream.handle):
            raise ModelError(f"TensorRT could not run the engine: {self._logger.told()}")

    def close(self) -> None:
        """Release the context, whose work must be done; closing twice is allowed."""
        self._context = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _set_address(context: Any, name: str, addresses: Mapping[str, int]) -> None:
    address = addresses.get(name)
    if address is None or address % ALIGNMENT_BYTES:
        given = "none" if address is None else f"{address:#x}"
        raise ModelError(f"tensor {name!r} needs an address that is a multiple of {ALIGNMENT_BYTES}, got {given}")
    if not context.set_tensor_address(name, address):
        raise ModelError(f"TensorRT does not take an address for {name!r}")


def _logger(flavour: ModuleType) -> Any:
    """Return a logger that keeps warnings and errors, for TensorRT says only there why it fails."""

    class Logger(flavour.ILogger):  # type: ignore[misc, name-defined] # the module is known at run time only
        def __init__(self) -> None:
            super().__init__()
            self.messages: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in {flavour.ILogger.INTERNAL_ERROR, flavour.ILogger.ERROR}:
                self.messages = [*self.messages[-_MOST_MESSAGES:], " ".join(message.split())[:300]]

        def told(self) -> str:
            return "; ".join(self.messages[-3:]) or "it gave no reason"

    return Logger()
