# SPDX-License-Identifier: Apache-2.0
"""`BuildLog`: what TensorRT said during a build, and what it meant."""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from edge.engines.flavour import Flavour

_KEPT_LINES = 200
# TensorRT says the last of these where no kernel fits into the memory there is.
_MEMORY = re.compile(
    r"out of memory|OutOfMemory|bad_alloc|cuda ?error ?2\b|ErrorMemoryAllocation"
    r"|insufficient memory|requested amount of GPU memory"
    r"|could not find any implementation for node",
    re.IGNORECASE,
)


class BuildLog:
    """Errors and warnings of one build, at most the last 200 of each."""

    def __init__(self) -> None:
        self.errors: deque[str] = deque(maxlen=_KEPT_LINES)
        self.warnings: deque[str] = deque(maxlen=_KEPT_LINES)

    def logger(self, flavour: Flavour) -> Any:
        """Return an `ILogger` that writes into this log."""
        trt = flavour.module
        severities = trt.ILogger.Severity
        log = self

        class Logger(trt.ILogger):  # type: ignore[misc, name-defined]
            def __init__(self) -> None:
                super().__init__()

            def log(self, severity: Any, message: str) -> None:
                if severity in (severities.INTERNAL_ERROR, severities.ERROR):
                    log.errors.append(message)
                elif severity == severities.WARNING:
                    log.warnings.append(message)

        return Logger()

    @property
    def reason(self) -> str:
        """The last error on one line."""
        return " ".join(self.errors[-1].split()) if self.errors else "it gave no reason"

    @property
    def speaks_of_memory(self) -> bool:
        """Whether an error means that memory did not suffice."""
        return any(_MEMORY.search(line) for line in self.errors)
