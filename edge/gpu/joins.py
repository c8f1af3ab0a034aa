# SPDX-License-Identifier: Apache-2.0
"""`Join`: what a second look does to the scores of hands, and which of them stay, on the GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.gpu import kernels
from edge.gpu.device import Stream
from edge.gpu.looks import HandsAt
from edge.gpu.results_block import Fields
from edge.tasks.crop_task import SAME_HAND_SHARE, CropTask
from edge.tasks.hand_task import HandTask
from edge.tasks.loading import trusted_presence


class Join:
    """Joins the scores of up to `rows` hands with the presence that `task` told of them, as `CropTask.kept` does."""

    def __init__(self, task: CropTask, stream: Stream, *, rows: int) -> None:
        self._task, self._stream, self._rows = task, stream, rows

    @staticmethod
    def needed(task: HandTask) -> bool:
        """Whether what `task` tells of presence changes the scores."""
        return isinstance(task, CropTask) and bool(trusted_presence(task.contract))

    @staticmethod
    def fields(task: HandTask, rows: int) -> Fields:
        """Return the arrays that the hands that stay come in."""
        kept = {"rows": (np.int32, rows), "scores": (np.float32, rows), "boxes": (np.float32, rows, 4)}
        return {f"{task.name}/kept/{part}": field for part, field in {**kept, "count": (np.int32, 1)}.items()}

    def queue(self, hands: HandsAt, at: Mapping[str, int]) -> HandsAt:
        """Queue it and return where the hands lie that stay."""
        name = self._task.name
        kept = HandsAt(at[f"{name}/kept/boxes"], at[f"{name}/kept/scores"], at[f"{name}/kept/count"])
        kernels.join_second_look(
            self._stream,
            boxes=hands.boxes,
            scores=hands.scores,
            presence=at[f"{name}/presence"],
            rows=self._rows,
            count=hands.count,
            trust=trusted_presence(self._task.contract),
            min_score=self._task.min_score,
            same=SAME_HAND_SHARE,
            kept_rows=at[f"{name}/kept/rows"],
            kept_scores=kept.scores,
            kept_boxes=kept.boxes,
            kept_count=kept.count,
            fault=at["fault"],
        )
        return kept

    def kept(self, arrays: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the rows of those that stay, best first, and their scores, valid until the next frame."""
        name = self._task.name
        left = int(arrays[f"{name}/kept/count"][0])
        return arrays[f"{name}/kept/rows"][:left], arrays[f"{name}/kept/scores"][:left]
