# SPDX-License-Identifier: Apache-2.0
"""`OnnxRuntimeRunner`: ONNX Runtime on the CPU, reading and writing memory that the runner owns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as native_errors

from edge.errors import BundleFormatError, ModelError, UsageError
from edge.runners.input_buffers import InputBuffers
from edge.runners.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from typing_extensions import Self

    from edge.bundle.bundle import Bundle
    from edge.bundle.precision import Precision

MAX_BINDINGS = 64
FATAL = 4
_FOREIGN_ERRORS: tuple[type[BaseException], ...] = (
    *(kind for kind in vars(native_errors).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    RuntimeError,
    ValueError,
    MemoryError,
)
_DTYPES = {"tensor(float)": "float32", "tensor(float16)": "float16", "tensor(int64)": "int64", "tensor(uint8)": "uint8"}


@dataclass(frozen=True, slots=True)
class _Bound:
    """An input shape's binding, the symbols it stands for, and the arrays bound as outputs; none where shapes vary."""

    binding: Any
    symbols: Mapping[str, int]
    outputs: Mapping[str, NDArray[Any]]


class OnnxRuntimeRunner:
    """Runs an ONNX model on the CPU.

    `model` is a path or the file's bytes; `inputs` and `outputs` are what is expected of it, by default what it says
    itself, with `max_shapes` bounding inputs that vary. Raises `ModelError` when ONNX Runtime cannot load it and
    `BundleFormatError` when it disagrees with `inputs` or `outputs`.
    """

    _session: onnxruntime.InferenceSession | None

    def __init__(
        self,
        model: Path | bytes,
        *,
        inputs: tuple[TensorSpec, ...] | None = None,
        outputs: tuple[TensorSpec, ...] | None = None,
        max_shapes: Mapping[str, tuple[int, ...]] | None = None,
        threads: int = 1,
    ) -> None:
        session = session_from_model(model, threads=threads)
        declared_inputs, declared_outputs = _declared(session.get_inputs()), _declared(session.get_outputs())
        _require_agreement("input", inputs or (), declared_inputs)
        _require_agreement("output", outputs or (), declared_outputs)
        if inputs is None:
            bounds = max_shapes or {}
            inputs = tuple(_bounded(spec, bounds.get(spec.name)) for spec in declared_inputs)
        self._start(session, inputs, declared_outputs if outputs is None else outputs)

    @classmethod
    def from_bundle(cls, bundle: Bundle, *, precision: Precision = "fp32", threads: int = 1) -> OnnxRuntimeRunner:
        """Return a runner of a verified model of `bundle`, held to the bundle's contract.

        Raises `BundleError`, also when ONNX Runtime cannot load the model.
        """
        manifest = bundle.manifest
        outputs = tuple(output.spec() for output in manifest.outputs)
        model = bundle.read_model(precision)
        try:
            return cls(model, inputs=(manifest.input.spec(),), outputs=outputs, threads=threads)
        except (BundleFormatError, ModelError) as error:
            raise BundleFormatError(f"{bundle.path / manifest.models[precision]}: {error}") from error

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """The inputs, with the largest shape each may take."""
        return self._inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """The outputs that `infer` returns."""
        return self._outputs

    def input_buffer(self, name: str, shape: tuple[int, ...]) -> NDArray[Any]:
        """Return the memory that ONNX Runtime reads as input `name`. Raises `ModelError`."""
        self._open_session()
        return self._buffers.view(name, shape)

    def infer(self) -> Mapping[str, NDArray[Any]]:
        """Run the model; outputs whose shape is known beforehand land in the same memory every time.

        Raises `ModelError` when the model fails or an output has another shape than the contract's.
        """
        session = self._open_session()
        views = self._buffers.current()
        shapes = tuple(view.shape for view in views.values())
        bound = self._bound.get(shapes)
        if bound is None:
            bound = self._bind(session, shapes)
        with _foreign_errors_as_model_errors("run"):
            if bound.outputs:
                session.run_with_iobinding(bound.binding)
                return bound.outputs
            # ONNX Runtime would insist on the shapes of the last run.
            bound.binding.clear_binding_outputs()
            for name in self._names:
                bound.binding.bind_output(name, "cpu")
            session.run_with_iobinding(bound.binding)
            values = {name: value.numpy() for name, value in zip(self._names, bound.binding.get_outputs(), strict=True)}
        return {spec.name: spec.checked(values[spec.name], bound.symbols) for spec in self._outputs}

    def sibling(self) -> OnnxRuntimeRunner:
        """Return a runner of the same session with buffers of its own; both may run at the same time."""
        session = self._open_session()
        other = object.__new__(type(self))
        other._start(session, self._inputs, self._outputs)
        return other

    def close(self) -> None:
        """Release buffers and the hold on the session."""
        self._bound.clear()
        self._buffers = InputBuffers(())
        self._session = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(
        self, session: onnxruntime.InferenceSession, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]
    ) -> None:
        self._session = session
        self._inputs, self._outputs = inputs, outputs
        self._names = [spec.name for spec in outputs]
        self._buffers = InputBuffers(inputs)
        self._bound: dict[tuple[tuple[int, ...], ...], _Bound] = {}

    def _open_session(self) -> onnxruntime.InferenceSession:
        if self._session is None:
            raise ModelError("this runner is closed; open another one")
        return self._session

    def _bind(self, session: onnxruntime.InferenceSession, shapes: tuple[tuple[int, ...], ...]) -> _Bound:
        """Bind the current inputs, and outputs of their own where every shape is known before running."""
        symbols = self._buffers.symbols()
        resolved = {spec.name: spec.resolved(symbols) for spec in self._outputs}
        known = {
            spec.name: np.empty(shape, spec.dtype)
            for spec in self._outputs
            if (shape := resolved[spec.name]) is not None
        }
        if len(known) < len(self._outputs):
            known = {}
        binding = session.io_binding()
        for name, view in self._buffers.current().items():
            binding.bind_input(name, "cpu", 0, view.dtype, view.shape, view.ctypes.data)
        for name, array in known.items():
            binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        if len(self._bound) >= MAX_BINDINGS:
            self._bound.clear()
        self._bound[shapes] = _Bound(binding, symbols, known)
        return self._bound[shapes]


def session_from_model(model: Path | bytes, *, threads: int) -> onnxruntime.InferenceSession:
    """Return a session on the processor. Raises `ModelError` when ONNX Runtime cannot load the model."""
    if threads < 1:
        raise UsageError(f"threads must be at least 1, got {threads}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = FATAL
    # Lanes share the cores: a thread that waits must not burn one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    with _foreign_errors_as_model_errors("load"):
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


@contextlib.contextmanager
def _foreign_errors_as_model_errors(doing: str) -> Iterator[None]:
    try:
        yield
    except _FOREIGN_ERRORS as error:
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"ONNX Runtime {onnxruntime.__version__} could not {doing} the model: {reason}") from error


def _declared(arguments: list[Any]) -> tuple[TensorSpec, ...]:
    """Return what a session says of its tensors; a dimension without a name gets one of its own."""
    return tuple(
        TensorSpec(
            name=argument.name,
            dtype=_DTYPES.get(argument.type, argument.type),
            shape=tuple(
                f"{argument.name}_{axis}" if size is None else size for axis, size in enumerate(argument.shape)
            ),
        )
        for argument in arguments
    )


def _bounded(spec: TensorSpec, max_shape: tuple[int, ...] | None) -> TensorSpec:
    if max_shape is None and all(isinstance(size, int) for size in spec.shape):
        max_shape = tuple(int(size) for size in spec.shape)
    return TensorSpec(spec.name, spec.dtype, spec.shape, max_shape)


def _require_agreement(kind: str, expected: tuple[TensorSpec, ...], declared: tuple[TensorSpec, ...]) -> None:
    """Hold a model to its contract before it runs: names, types, ranks, and dimensions that both state."""
    by_name = {spec.name: spec for spec in declared}
    for spec in expected:
        found = by_name.get(spec.name)
        if found is None:
            raise BundleFormatError(
                f"the manifest has {kind} {spec.name!r}, the model has {', '.join(by_name)}; export it again"
            )
        agrees = found.dtype == spec.dtype and len(found.shape) == len(spec.shape)
        for wanted, given in zip(spec.shape, found.shape, strict=False):
            fixed_differs = isinstance(wanted, int) and isinstance(given, int) and wanted != given
            cannot_vary = kind == "input" and isinstance(wanted, str) and isinstance(given, int)
            agrees = agrees and not fixed_differs and not cannot_vary
        if not agrees:
            expectation = f"{kind} {spec.name!r} is {spec.describe()} in the manifest"
            raise BundleFormatError(f"{expectation}, but {found.describe()} in the model; export it again")
    if kind == "input" and expected and len(expected) != len(declared):
        raise BundleFormatError(
            f"the manifest has {len(expected)} inputs, the model {', '.join(by_name)}; export it again"
        )
