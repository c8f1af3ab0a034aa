# SPDX-License-Identifier: Apache-2.0
"""`zeroed`: memory of the GPU that begins as zeros."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from edge.errors import GpuError
from edge.gpu.device import Gpu, Stream


def zeroed(gpu: Gpu, stream: Stream, opened: ExitStack, size_bytes: int) -> int:
    """Return the address of so many bytes that `stream` sets to zero; the owner of `opened` frees them.

    They are freed when the stream is done with all that was queued, whatever went wrong meanwhile.
    """
    memory = opened.enter_context(gpu.memory(size_bytes))
    opened.callback(_settle, stream)
    stream.clear(memory.address, size_bytes)
    return memory.address


def _settle(stream: Stream) -> None:
    with suppress(GpuError):
        stream.synchronize()
