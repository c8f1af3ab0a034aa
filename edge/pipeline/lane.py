# SPDX-License-Identifier: Apache-2.0
"""One worker's way from a frame to its result, through all tasks."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import ClassVar

from edge.errors import EdgeError, ModelError
from edge.pipeline.conveyor import Captured, Conveyor, Failed, Finished
from edge.pipeline.following import Following
from edge.pipeline.freshness import UNSEEN, Freshness
from edge.pipeline.plan import EVERYTHING, Plan
from edge.results import FrameResult, Hands
from edge.tasks.task import Task

_STAGES_OF_FRAMES = ("preprocess", "infer", "decode")
_STAGE_OF_HANDS = {"classifier": "classify", "keypoints": "keypoints", "pose": "pose", "segmenter": "segment"}


class Lane:
    """Tasks with buffers of their own, and the thread that uses them; a frame goes through all before the next one.

    A task that looks at whole frames is timed as `preprocess`, `infer` and `decode`; one that looks at hands already
    found as one stage, `classify`, `keypoints`, `pose` or `segment`. Times are monotonic.
    """

    detector_may_rest: ClassVar[bool] = True
    """Whether it may look for hands where they were instead of everywhere."""

    lost: ModelError | None = None
    """Why the lane left the device it was made for, if it did."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tuple(tasks)
        self._thread: threading.Thread | None = None

    def sibling(self) -> Lane:
        """Return another lane on the same loaded models."""
        return Lane([task.sibling() for task in self.tasks])

    @property
    def busy(self) -> bool:
        """Whether its thread is still at work."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, conveyor: Conveyor, *, name: str, following: Following | None, freshness: Freshness) -> None:
        """Turn frames into results in a thread, until there are none; an error stands in the place of its frame."""
        thread = threading.Thread(target=self._serve, args=(conveyor, following, freshness), name=name, daemon=True)
        thread.start()
        self._thread = thread

    def join(self) -> None:
        """Wait for the thread, as long as it takes.

        Its frame cannot be interrupted, and a model that builds its engine on first use may need minutes for it; who
        went on meanwhile would share or free memory that the model still writes to.
        """
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def close(self) -> None:
        """Wait for the thread and close the tasks."""
        self.join()
        with ExitStack() as stack:
            for task in self.tasks:
                stack.callback(task.close)

    def _serve(self, conveyor: Conveyor, following: Following | None, freshness: Freshness) -> None:
        while (captured := conveyor.take()) is not None:
            if following is None:
                conveyor.finish(captured.place, self._outcome(captured, None, freshness))
                continue
            outcome = self._outcome(captured, following, freshness)
            for place, told in following.told(captured, outcome):
                conveyor.finish(place, told)

    def _outcome(self, captured: Captured, following: Following | None, freshness: Freshness) -> Finished | Failed:
        try:
            is_stale = freshness.is_stale(captured.frame)
            plan = EVERYTHING if following is None else following.plan(captured, is_stale=is_stale)
            if is_stale:
                # Whoever takes the results drops it, for it grows older still.
                return Finished(captured.frame, self.told(captured, UNSEEN, self.latency_before(captured)))
            return Finished(captured.frame, self.result(captured, plan))
        except BaseException as error:  # noqa: BLE001 - crosses to the consumer's thread, which raises it
            return Failed(error)

    def result(self, captured: Captured, plan: Plan = EVERYTHING) -> FrameResult:
        """Return the result of one frame. Raises `ModelError`."""
        latency_ms = self.latency_before(captured)
        hands = self._where_they_were(captured, plan, latency_ms)
        if hands is None:
            hands = self._everywhere(captured, plan, latency_ms)
        return self.told(captured, hands, latency_ms)

    def _everywhere(self, captured: Captured, plan: Plan, latency_ms: dict[str, float]) -> Hands:
        hands = Hands.empty()
        for task in self.tasks:
            if task.needs_hands and not len(hands):
                continue
            if task.name in plan.resting and len(hands) <= plan.known:
                continue
            hands = _through(task, captured, hands, latency_ms)
            if plan.forecast is not None and not task.needs_hands:
                hands = plan.forecast.with_missed(hands, captured.time_s, _size_px(captured), most_s=plan.rescue_s)
            elif plan.forecast is not None and task.contract.task == "keypoints":
                hands = plan.forecast.placed(hands, captured.time_s, _size_px(captured))
        return hands

    def _where_they_were(self, captured: Captured, plan: Plan, latency_ms: dict[str, float]) -> Hands | None:
        """Return the hands of the plan as this frame shows them; None unless all of them are there for certain."""
        if plan.hands is None or plan.forecast is None:
            return None
        hands = plan.hands
        for task in self.tasks:
            if not task.needs_hands or not len(hands) or task.name in plan.resting:
                continue
            hands = _through(task, captured, hands, latency_ms)
            if task.contract.task == "keypoints":
                if not plan.forecast.holds(hands):
                    return None
                hands = plan.forecast.placed(hands, captured.time_s, _size_px(captured))
        return hands

    @staticmethod
    def latency_before(captured: Captured) -> dict[str, float]:
        """Return what a frame took until a lane had it, by stage."""
        queued_ns = time.monotonic_ns() - captured.frame.time_ns
        return {"capture": captured.capture_ms, "queue": max(queued_ns, 0) / 1e6}

    @staticmethod
    def told(captured: Captured, hands: Hands, latency_ms: dict[str, float]) -> FrameResult:
        """Return the result of a frame with these hands, and add its total time."""
        frame = captured.frame
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


def _size_px(captured: Captured) -> tuple[int, int]:
    return captured.frame.width_px, captured.frame.height_px


def _through(task: Task, captured: Captured, hands: Hands, latency_ms: dict[str, float]) -> Hands:
    try:
        begin_ns = time.monotonic_ns()
        task.prepare(captured.frame, hands)
        prepared_ns = time.monotonic_ns()
        task.infer()
        inferred_ns = time.monotonic_ns()
        hands = task.kept(task.decode())
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
