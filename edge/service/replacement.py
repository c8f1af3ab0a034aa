# SPDX-License-Identifier: Apache-2.0
"""`Replacement`: a better pipeline, opened in the background while another one works."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from edge.errors import DependencyError, EdgeError
from edge.gpu.driver import driver
from edge.pipeline.pipeline import Pipeline

log = logging.getLogger("edge.service")


class Replacement:
    """Calls `open_pipeline` in a thread; engines may take minutes to build.

    `pipeline` is there once it is open and worth going over to; `doing` says in one sentence how far it is.
    """

    def __init__(self, open_pipeline: Callable[[], Pipeline], doing: str, *, needs_gpu: bool) -> None:
        self.pipeline: Pipeline | None = None
        self.doing = doing
        self._open_pipeline, self._needs_gpu = open_pipeline, needs_gpu
        self._lock = threading.Lock()
        self._is_given_up = False
        self._thread = threading.Thread(target=self._open, name="replacement", daemon=True)
        self._thread.start()

    @property
    def is_at_work(self) -> bool:
        """Whether the pipeline is still being opened."""
        return self._thread.is_alive()

    @property
    def is_pending(self) -> bool:
        """Whether the pipeline is still being opened, or waits to be taken."""
        return self.is_at_work or self.pipeline is not None

    def taken(self) -> Pipeline | None:
        """Return the pipeline, which is the caller's from now on."""
        with self._lock:
            pipeline, self.pipeline = self.pipeline, None
            return pipeline

    def give_up(self) -> None:
        """Close the pipeline, now or once it is open."""
        with self._lock:
            self._is_given_up = True
        pipeline = self.taken()
        if pipeline is not None:
            pipeline.close()

    def _open(self) -> None:
        try:
            pipeline = self._open_pipeline()
        except EdgeError as error:
            self.doing = f"stays on the processor: {error}"
            log.error("%s", self.doing)  # noqa: TRY400 - a sentence for the user
            return
        except Exception as error:
            self.doing = f"stays on the processor: {type(error).__name__}: {error}"
            log.exception("the other pipeline cannot be opened")
            return
        with self._lock:
            useful = not self._is_given_up and (pipeline.device.name != "cpu" or not self._needs_gpu)
            if useful:
                self.pipeline = pipeline
        self.doing = pipeline.device.reason
        if not useful:
            log.info("stays on the processor: %s", pipeline.device.reason)
            pipeline.close()


def gpu_fault() -> str | None:
    """Return why there is no GPU to go over to, None where there is one."""
    try:
        driver()
    except DependencyError as error:
        return str(error)
    return None
