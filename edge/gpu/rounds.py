# SPDX-License-Identifier: Apache-2.0
"""`Round`: all looks at the hands of a frame, in their order, with their answers in one block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.gpu.arrays import DevicePicture
from edge.gpu.device import Gpu, Stream
from edge.gpu.joins import Join
from edge.gpu.looks import HandsAt, Look, Rows
from edge.gpu.results_block import Fields, ResultsBlock
from edge.results import Hands
from edge.runners.stream_model import StreamModel
from edge.tasks.crop_task import CropTask
from edge.tasks.hand_task import HandTask

_FAULT_BYTES = 4


class Round:
    """`tasks` on up to `rows` hands; `more` are fields of the block for others. The owner of `opened` frees it.

    A pose is told right after the keypoints, before anything changes the order of hands that they are in.
    """

    def __init__(
        self,
        tasks: Sequence[HandTask],
        models: Mapping[str, StreamModel],
        gpu: Gpu,
        stream: Stream,
        opened: ExitStack,
        *,
        rows: int,
        more: Fields,
    ) -> None:
        self.rows = rows
        self._stream = stream
        fields: dict[str, tuple[Any, ...]] = {"fault": (np.int32, 1), **more}
        self._steps: list[Look | Join] = []
        for task in _with_poses_early(tasks):
            fields |= Look.fields(task, rows)
            self._steps.append(Look(task, models[task.name], gpu, stream, opened, rows=rows))
        for task in tasks:
            if isinstance(task, CropTask) and Join.needed(task):
                fields |= Join.fields(task, rows)
                self._steps.insert(self._place_of_join(task), Join(task, stream, rows=rows))
        self.results = ResultsBlock(gpu, stream, opened, fields)

    def begin(self) -> None:
        """Queue what comes before all kernels of the round."""
        self._stream.clear(self.results.addresses["fault"], _FAULT_BYTES)

    def queue(self, picture: DevicePicture, hands: HandsAt) -> None:
        """Queue the looks at `hands` and the copy of all answers."""
        at = self.results.addresses
        keypoints = 0
        for step in self._steps:
            if isinstance(step, Join):
                hands = step.queue(hands, at)
            else:
                step.queue(picture, hands, at, keypoints)
                keypoints = at.get(f"{step.task.name}/keypoints", keypoints)
        self.results.copy_out(self._stream)

    def tell(self, boxes_xyxy: NDArray[np.float32], scores: NDArray[np.float32]) -> Hands:
        """Return the hands found there with all answers, once these are there.

        Raises `ModelError` when a model gave no numbers.
        """
        arrays = self.results.arrays
        if arrays["fault"][0]:
            names = ", ".join(step.task.name for step in self._steps if isinstance(step, Look))
            raise ModelError(f"outputs of {names} cannot be decoded, they are not finite; verify the bundles")
        rows: Rows = slice(len(scores))
        looks: list[tuple[Look, Rows]] = []
        # From the last step to the first: where the hands that stay in the end were at each.
        for step in reversed(self._steps):
            if isinstance(step, Look):
                looks.append((step, rows))
                continue
            kept, joined = step.kept(arrays)
            if isinstance(rows, slice):
                scores, rows = joined, kept
            else:
                rows = kept[rows]
        told: dict[str, Any] = {"boxes_xyxy": boxes_xyxy[rows].copy(), "scores": scores.copy(), "presence": None}
        if len(scores):
            for look, at in reversed(looks):
                look.tell(told, arrays, at)
        return Hands(**told)

    def _place_of_join(self, task: CropTask) -> int:
        """Return the place behind a task's look, and behind the poses told of its keypoints."""
        place = next(n for n, step in enumerate(self._steps) if isinstance(step, Look) and step.task is task) + 1
        while place < len(self._steps) and _tells_pose(self._steps[place]):
            place += 1
        return place


def _tells_pose(step: Look | Join) -> bool:
    return isinstance(step, Look) and step.task.needs_keypoints


def _with_poses_early(tasks: Sequence[HandTask]) -> list[HandTask]:
    poses = [task for task in tasks if task.needs_keypoints]
    order: list[HandTask] = []
    for task in tasks:
        if not task.needs_keypoints:
            order.append(task)
            if task.contract.task == "keypoints":
                order += poses
    return order if len(order) == len(tasks) else list(tasks)
