# SPDX-License-Identifier: Apache-2.0
"""`Replay`: work that is the same every time, as one launch from its second time on."""

from __future__ import annotations

from collections.abc import Callable

from edge.errors import GpuError, ModelError
from edge.gpu.device import Graph, Stream

# What the driver says when work cannot be part of a graph; any other name of CUDA's is a fault.
_REFUSALS = ("CUDA_ERROR_STREAM_CAPTURE", "CUDA_ERROR_NOT_SUPPORTED", "CUDA_ERROR_NOT_PERMITTED")


class Replay:
    """Queues `work` on `stream`: the first time as it is, then as a graph that is captured once.

    Libraries prepare themselves in their first run, which a graph must not hold. `refusal` says why there is
    none, where the driver would not capture the work or a library would not queue it for that; it is then queued as
    it is, and what is really at fault fails once more.
    """

    def __init__(self, stream: Stream, work: Callable[[], None], *, capture: bool = True) -> None:
        self.refusal: ModelError | None = None
        self._stream, self._work = stream, work
        self._graph: Graph | None = None
        self._warm = False
        self._capture = capture

    @property
    def nodes(self) -> int:
        """How many operations the graph has; 0 without one."""
        return 0 if self._graph is None else self._graph.nodes

    def queue(self) -> None:
        """Queue the work once. Raises `ModelError`."""
        if self._graph is None and self._warm and self._capture:
            self._try_to_capture()
        if self._graph is not None:
            self._graph.launch(self._stream)
        else:
            self._work()
            self._warm = True

    def close(self) -> None:
        """Release the graph, whose work must be done; closing twice is allowed."""
        if self._graph is not None:
            self._graph.close()
            self._graph = None

    def _try_to_capture(self) -> None:
        try:
            self._graph = self._stream.capture(self._work)
        except ModelError as error:
            # A library tells without a name of CUDA's, as TensorRT does, that it could not queue its part.
            if isinstance(error, GpuError) and not error.name.startswith(_REFUSALS):
                raise
            self.refusal, self._capture = error, False
