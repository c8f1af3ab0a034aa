# SPDX-License-Identifier: Apache-2.0
"""One worker's way from a frame to its result, through all tasks."""

from __future__ import annotations

import time
from collections.abc import Sequence

from edge.errors import EdgeError, ModelError
from edge.pipeline.conveyor import Captured, Conveyor, Failed, Finished
from edge.results import FrameResult, Hands
from edge.tasks.task import Task

_STAGES_OF_FRAMES = ("preprocess", "infer", "decode")
_STAGE_OF_HANDS = {"classifier": "classify"}


class Lane:
    """Tasks with buffers of their own; a frame goes through all of them before the next one.

    A task that looks at whole frames is timed as `preprocess`, `infer` and `decode`; one that looks at hands already
    found as one stage, `classify`. Times are monotonic.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = tuple(tasks)

    def sibling(self) -> Lane:
        """Return another lane on the same loaded models."""
        return Lane([task.sibling() for task in self._tasks])

    def close(self) -> None:
        """Close the tasks."""
        for task in self._tasks:
            task.close()

    def serve(self, conveyor: Conveyor) -> None:
        """Turn frames into results until there are none; an error stands in the place of its frame."""
        while (captured := conveyor.take()) is not None:
            try:
                outcome: Finished | Failed = Finished(captured.frame, self.result(captured))
            except BaseException as error:  # noqa: BLE001 - crosses to the consumer's thread, which raises it
                outcome = Failed(error)
            conveyor.finish(captured.place, outcome)

    def result(self, captured: Captured) -> FrameResult:
        """Return the result of one frame. Raises `ModelError`."""
        frame = captured.frame
        queued_ns = time.monotonic_ns() - frame.time_ns
        latency_ms = {"capture": captured.capture_ms, "queue": max(queued_ns, 0) / 1e6}
        hands = Hands.empty()
        for task in self._tasks:
            if task.needs_hands and not len(hands):
                continue
            hands = _through(task, captured, hands, latency_ms)
        latency_ms["total"] = (time.monotonic_ns() - frame.time_ns) / 1e6
        return FrameResult(
            source=frame.source,
            path=frame.path,
            frame=frame.index,
            time_s=captured.time_s,
            width_px=frame.width_px,
            height_px=frame.height_px,
            hands=hands,
            latency_ms=latency_ms,
        )


def _through(task: Task, captured: Captured, hands: Hands, latency_ms: dict[str, float]) -> Hands:
    try:
        begin_ns = time.monotonic_ns()
        task.prepare(captured.frame, hands)
        prepared_ns = time.monotonic_ns()
        task.infer()
        inferred_ns = time.monotonic_ns()
        hands = task.decode()
        end_ns = time.monotonic_ns()
    except EdgeError:
        raise
    except Exception as error:
        raise ModelError(f"model {task.name} failed on frame {captured.frame.index}: {error}") from error
    if task.needs_hands:
        stage = _STAGE_OF_HANDS[task.contract.task]
        latency_ms[stage] = latency_ms.get(stage, 0.0) + (end_ns - begin_ns) / 1e6
        return hands
    edges_ns = (begin_ns, prepared_ns, inferred_ns, end_ns)
    for stage, start_ns, stop_ns in zip(_STAGES_OF_FRAMES, edges_ns, edges_ns[1:], strict=False):
        latency_ms[stage] = latency_ms.get(stage, 0.0) + (stop_ns - start_ns) / 1e6
    return hands
