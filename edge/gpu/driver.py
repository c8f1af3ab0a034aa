# SPDX-License-Identifier: Apache-2.0
"""What PyCUDA has no door to, or a broken one: stream capture, graphs, events with a handle, registered memory.

They are called through ctypes, with signatures that have been the same since CUDA 11.4: cuda-core, which offers them
too, needs Python 3.10 and CUDA 12 and is built for one of them, while a Jetson may have either. ctypes lets go of the
interpreter's lock while a function waits.
"""

from __future__ import annotations

import ctypes
from functools import cache, cached_property

from edge.errors import DependencyError

LIBRARY = "libcuda.so.1"
SUCCESS, NOT_READY = 0, 600
CAPTURE_THIS_THREAD = 1
"""Other threads may allocate while this one captures."""
HOST_REGISTER_MAPPED = 2
EVENT_BLOCKING_SYNC, EVENT_DISABLE_TIMING = 1, 2
HOST_REGISTER_SUPPORTED = 99
"""A device attribute that PyCUDA does not name."""

_CODES = range(1, 1000)
_pointer, _pointer_to, _unsigned = ctypes.c_void_p, ctypes.POINTER, ctypes.c_uint
_SIGNATURES: dict[str, tuple[object, ...]] = {
    "cuGetErrorName": (ctypes.c_int, _pointer_to(ctypes.c_char_p)),
    "cuGetErrorString": (ctypes.c_int, _pointer_to(ctypes.c_char_p)),
    "cuDeviceGetAttribute": (_pointer_to(ctypes.c_int), ctypes.c_int, ctypes.c_int),
    "cuMemHostRegister_v2": (_pointer, ctypes.c_size_t, _unsigned),
    "cuMemHostUnregister": (_pointer,),
    "cuMemHostGetDevicePointer_v2": (_pointer_to(ctypes.c_ulonglong), _pointer, _unsigned),
    "cuStreamBeginCapture_v2": (_pointer, ctypes.c_int),
    "cuStreamEndCapture": (_pointer, _pointer_to(_pointer)),
    "cuStreamWaitEvent": (_pointer, _pointer, _unsigned),
    "cuGraphInstantiateWithFlags": (_pointer_to(_pointer), _pointer, ctypes.c_ulonglong),
    "cuGraphGetNodes": (_pointer, _pointer, _pointer_to(ctypes.c_size_t)),
    "cuGraphLaunch": (_pointer, _pointer),
    "cuGraphExecDestroy": (_pointer,),
    "cuGraphDestroy": (_pointer,),
    "cuEventCreate": (_pointer_to(_pointer), _unsigned),
    "cuEventRecord": (_pointer, _pointer),
    "cuEventSynchronize": (_pointer,),
    "cuEventQuery": (_pointer,),
    "cuEventElapsedTime": (_pointer_to(ctypes.c_float), _pointer, _pointer),
    "cuEventDestroy_v2": (_pointer,),
}


class DriverError(Exception):
    """A function of the driver did not succeed; `function` is its name and `code` what it returned."""

    def __init__(self, function: str, code: int) -> None:
        super().__init__(f"{function} failed with {code}")
        self.function = function
        self.code = code


class Driver:
    """CUDA's driver. Raises `DependencyError` when there is none or an old one, and from every call `DriverError`."""

    def __init__(self) -> None:
        try:
            self._library = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise DependencyError(
                f"device 'gpu' needs NVIDIA's driver, and {LIBRARY} cannot be loaded; install it, or use --device cpu"
            ) from error
        for name, arguments in _SIGNATURES.items():
            try:
                function = getattr(self._library, name)
            except AttributeError as error:
                raise DependencyError(
                    f"NVIDIA's driver has no {name}, which came with CUDA 11.4; update it, or use --device cpu"
                ) from error
            function.argtypes, function.restype = arguments, ctypes.c_int

    def name_of(self, code: int) -> str:
        """Return CUDA's name of a result, such as `CUDA_ERROR_OUT_OF_MEMORY`."""
        return self._text("cuGetErrorName", code) or f"CUDA error {code}"

    @cached_property
    def codes_by_text(self) -> dict[str, int]:
        """The code of each result by the sentence that CUDA has for it, which is all that PyCUDA tells."""
        return {text: code for code in _CODES if (text := self._text("cuGetErrorString", code))}

    def attribute(self, attribute: int, ordinal: int) -> int:
        """Return an attribute of the device with this number."""
        value = ctypes.c_int()
        self._call("cuDeviceGetAttribute", ctypes.byref(value), attribute, ordinal)
        return value.value

    def register(self, host: int, size_bytes: int) -> int:
        """Let the GPU reach whole pages of the host and return its address of them.

        PyCUDA 2026.1 has a function for this, which crashes: it sets the base of a NumPy array that has one.
        """
        self._call("cuMemHostRegister_v2", host, size_bytes, HOST_REGISTER_MAPPED)
        address = ctypes.c_ulonglong()
        self._call("cuMemHostGetDevicePointer_v2", ctypes.byref(address), host, 0)
        return address.value

    def unregister(self, host: int) -> None:
        """End what `register` began."""
        self._call("cuMemHostUnregister", host)

    def begin_capture(self, stream: int) -> None:
        """Let what this thread queues on `stream` be captured instead of run."""
        self._call("cuStreamBeginCapture_v2", stream, CAPTURE_THIS_THREAD)

    def end_capture(self, stream: int) -> int:
        """Return the graph of what was captured."""
        graph = _pointer()
        self._call("cuStreamEndCapture", stream, ctypes.byref(graph))
        return graph.value or 0

    def instantiate(self, graph: int) -> int:
        """Return an executable form of `graph`."""
        executable = _pointer()
        self._call("cuGraphInstantiateWithFlags", ctypes.byref(executable), graph, 0)
        return executable.value or 0

    def count_nodes(self, graph: int) -> int:
        """Return how many operations `graph` has."""
        count = ctypes.c_size_t()
        self._call("cuGraphGetNodes", graph, None, ctypes.byref(count))
        return count.value

    def launch_graph(self, executable: int, stream: int) -> None:
        """Run a graph on `stream`."""
        self._call("cuGraphLaunch", executable, stream)

    def destroy_graph(self, graph: int) -> None:
        """Release a graph."""
        self._call("cuGraphDestroy", graph)

    def destroy_executable(self, executable: int) -> None:
        """Release the executable form of a graph; it may still be running."""
        self._call("cuGraphExecDestroy", executable)

    def create_event(self, flags: int) -> int:
        """Return a new event."""
        event = _pointer()
        self._call("cuEventCreate", ctypes.byref(event), flags)
        return event.value or 0

    def record_event(self, event: int, stream: int) -> None:
        """Let `event` stand for all work on `stream` so far."""
        self._call("cuEventRecord", event, stream)

    def wait_for_event(self, stream: int, event: int) -> None:
        """Let work on `stream` from here on wait for `event`."""
        self._call("cuStreamWaitEvent", stream, event, 0)

    def synchronize_event(self, event: int) -> None:
        """Wait for `event`."""
        self._call("cuEventSynchronize", event)

    def event_is_done(self, event: int) -> bool:
        """Whether `event` has come."""
        code = int(self._library.cuEventQuery(event))
        if code not in (SUCCESS, NOT_READY):
            raise DriverError("cuEventQuery", code)
        return code == SUCCESS

    def elapsed_ms(self, start: int, end: int) -> float:
        """Return the time from one event to another."""
        elapsed = ctypes.c_float()
        self._call("cuEventElapsedTime", ctypes.byref(elapsed), start, end)
        return elapsed.value

    def destroy_event(self, event: int) -> None:
        """Release an event."""
        self._call("cuEventDestroy_v2", event)

    def _call(self, name: str, *arguments: object) -> None:
        code = int(getattr(self._library, name)(*arguments))
        if code != SUCCESS:
            raise DriverError(name, code)

    def _text(self, function: str, code: int) -> str:
        text = ctypes.c_char_p()
        getattr(self._library, function)(code, ctypes.byref(text))
        return (text.value or b"").decode()


@cache
def driver() -> Driver:
    """Return the driver, loaded once."""
    return Driver()
