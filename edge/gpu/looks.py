# SPDX-License-Identifier: Apache-2.0
"""`Look`: what a task does with hands on the processor, as work of a stream, and its answers read back."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.tensors import KeypointInput
from edge.decoders import LabelDecoder, PointDecoder
from edge.decoders.presence import PRESENCE
from edge.decoders.softmax_heads import Role
from edge.errors import UsageError
from edge.gpu import kernels
from edge.gpu.arrays import DevicePicture, DeviceTensor
from edge.gpu.bound_model import Batch, BoundModel
from edge.gpu.device import Gpu, Stream
from edge.gpu.results_block import Fields
from edge.keypoints import KEYPOINTS
from edge.results import Labels
from edge.runners.stream_model import StreamModel
from edge.tasks.crop_task import CropTask
from edge.tasks.hand_task import HandTask
from edge.tasks.loading import trusted_presence

POINTS = len(KEYPOINTS)
_FLOAT_BYTES, _BOX_BYTES, _MAP_BYTES, _HAND_BYTES = 4, 4 * 4, 6 * 8, POINTS * 3 * 4
_FIELD_OF_ROLE: dict[Role, str] = {
    "gesture": "gestures",
    "handedness": "handedness",
    "holding": "holding",
    "pose": "poses",
}


Rows = slice | NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class HandsAt:
    """The GPU's addresses of hands: boxes (N, 4) and scores (N,) float32, and their count, int32."""

    boxes: int
    scores: int
    count: int


class Look:
    """One task's look at up to `rows` hands; the owner of `opened` frees what it holds."""

    def __init__(
        self, task: HandTask, model: StreamModel, gpu: Gpu, stream: Stream, opened: ExitStack, *, rows: int
    ) -> None:
        self.task = task
        self._stream = stream
        row_shape = tuple(task.row_shape)
        self._bound = BoundModel(task.contract, model, gpu, stream, opened, rows=rows, row_shape=row_shape)
        self._maps = opened.enter_context(gpu.memory(rows * _MAP_BYTES)).address if isinstance(task, CropTask) else 0

    @staticmethod
    def fields(task: HandTask, rows: int) -> Fields:
        """Return the arrays that its answers come in."""
        decoder = task.contract.decoder
        if isinstance(decoder, PointDecoder):
            presence = {} if decoder.presence is None else {f"{task.name}/presence": (np.float32, rows)}
            return {f"{task.name}/keypoints": (np.float32, rows, POINTS, 3), **presence}
        fields: dict[str, tuple[Any, ...]] = {}
        for head in decoder.heads if isinstance(decoder, LabelDecoder) else ():
            if head.role == "presence":
                fields[f"{task.name}/presence"] = (np.float32, rows)
            else:
                fields[f"{task.name}/{head.role}"] = (np.int32, rows)
                fields[f"{task.name}/{head.role}/scores"] = (np.float32, rows)
        return fields

    def queue(self, picture: DevicePicture, hands: HandsAt, at: Mapping[str, int], keypoints: int) -> None:
        """Queue the look at the hands of `picture`; `at` has the addresses of its answers, `keypoints` those known."""
        for batch in self._bound:
            # A count is of the first row on; the rows behind it hold boxes without a size.
            count = hands.count if batch.first == 0 else 0
            if isinstance(self.task, CropTask):
                self._queue_crops(self.task, batch, picture, hands, count=count, fault=at["fault"])
            else:
                self._queue_keypoints(batch, keypoints, count)
            batch.execution.enqueue(self._stream)
            decoder = self.task.contract.decoder
            if isinstance(decoder, PointDecoder):
                self._queue_places(decoder, batch, count, at)
            elif isinstance(decoder, LabelDecoder):
                self._queue_labels(decoder, batch, count, at)

    def tell(self, told: dict[str, Any], arrays: Mapping[str, NDArray[Any]], rows: Rows) -> None:
        """Add to `told`, the fields of `Hands`, what `arrays` say of the hands in `rows`, as the task itself does."""
        name = self.task.name
        if isinstance(self.task, CropTask):
            own = arrays.get(f"{name}/presence")
            if own is not None and (told["presence"] is None or trusted_presence(self.task.contract)):
                told["presence"] = own[rows].copy()
        decoder = self.task.contract.decoder
        if isinstance(decoder, PointDecoder):
            told["keypoints"] = arrays[f"{name}/keypoints"][rows].copy()
        for head in decoder.heads if isinstance(decoder, LabelDecoder) else ():
            if head.role != "presence":
                ids, scores = arrays[f"{name}/{head.role}"][rows], arrays[f"{name}/{head.role}/scores"][rows]
                told[_FIELD_OF_ROLE[head.role]] = Labels(head.labels, ids.astype(np.int64), scores.copy())

    def _queue_crops(
        self, task: CropTask, batch: Batch, picture: DevicePicture, hands: HandsAt, *, count: int, fault: int
    ) -> None:
        contract = task.contract.picture_input.contract()
        side_px = contract.width_px
        kernels.warp_crops(
            self._stream,
            picture,
            DeviceTensor(batch.input, batch.rows, contract.channels, side_px, side_px, self._bound.dtype),
            boxes=hands.boxes + batch.first * _BOX_BYTES,
            count=count,
            maps=self._maps + batch.first * _MAP_BYTES,
            contract=contract,
            fault=fault,
        )

    def _queue_keypoints(self, batch: Batch, keypoints: int, count: int) -> None:
        given = self.task.contract.input
        if not isinstance(given, KeypointInput) or not keypoints:
            raise UsageError(f"{self.task.name} needs keypoints on the GPU; let a keypoint model come first")
        kernels.normalise_keypoints(
            self._stream,
            keypoints=keypoints + batch.first * _HAND_BYTES,
            hands=batch.rows,
            count=count,
            points=batch.input,
            dtype=self._bound.dtype,
            upright=given.upright,
            one_sided=given.one_sided,
        )

    def _queue_places(self, decoder: PointDecoder, batch: Batch, count: int, at: Mapping[str, int]) -> None:
        name, side_px = self.task.name, self.task.contract.picture_input.width_px
        kernels.locate_simcc(
            self._stream,
            x=batch.outputs[decoder.x],
            y=batch.outputs[decoder.y],
            dtype=self._bound.output_types[decoder.x],
            hands=batch.rows,
            points=POINTS,
            bins_xy=(self._bound.shapes[decoder.x][2], self._bound.shapes[decoder.y][2]),
            input_hw=(side_px, side_px),
            reach_px=decoder.reach * side_px,
            maps=self._maps + batch.first * _MAP_BYTES,
            count=count,
            keypoints=at[f"{name}/keypoints"] + batch.first * _HAND_BYTES,
            fault=at["fault"],
        )
        if decoder.presence is not None:
            self._queue_presence(decoder.presence, PRESENCE, batch, count, at)

    def _queue_labels(self, decoder: LabelDecoder, batch: Batch, count: int, at: Mapping[str, int]) -> None:
        for head in decoder.heads:
            if head.role == "presence":
                self._queue_presence(head.output, head.labels, batch, count, at)
                continue
            first = batch.first * _FLOAT_BYTES
            kernels.best_classes(
                self._stream,
                logits=batch.outputs[head.output],
                dtype=self._bound.output_types[head.output],
                rows=batch.rows,
                classes=len(head.labels),
                count=count,
                ids=at[f"{self.task.name}/{head.role}"] + first,
                scores=at[f"{self.task.name}/{head.role}/scores"] + first,
                fault=at["fault"],
            )

    def _queue_presence(
        self, output: str, labels: tuple[str, ...], batch: Batch, count: int, at: Mapping[str, int]
    ) -> None:
        kernels.probability_of(
            self._stream,
            logits=batch.outputs[output],
            dtype=self._bound.output_types[output],
            rows=batch.rows,
            classes=len(labels),
            index=labels.index(PRESENCE[0]),
            count=count,
            probabilities=at[f"{self.task.name}/presence"] + batch.first * _FLOAT_BYTES,
            fault=at["fault"],
        )
