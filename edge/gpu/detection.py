# SPDX-License-Identifier: Apache-2.0
"""`Detection`: from a picture to the boxes of its hands, as work of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import UsageError
from edge.frame import Frame
from edge.gpu import kernels
from edge.gpu.arrays import DeviceLevel, DevicePicture, DeviceTensor
from edge.gpu.bound_model import BoundModel
from edge.gpu.device import Gpu, Stream
from edge.gpu.looks import HandsAt
from edge.gpu.parameters import MOST_CANDIDATES
from edge.gpu.results_block import Fields
from edge.preprocess import Preprocessor
from edge.runners.stream_model import StreamModel
from edge.tasks.detector import HandDetector


class Detection:
    """`detector` for pictures of the size of `frame`; the owner of `opened` frees what it holds.

    Raises `UsageError` when the bundle asks for more candidates than the kernel takes.
    """

    def __init__(
        self, detector: HandDetector, model: StreamModel, gpu: Gpu, stream: Stream, opened: ExitStack, *, frame: Frame
    ) -> None:
        contract = detector.contract.picture_input.contract()
        preprocessor = Preprocessor(contract)
        tensor_hw = preprocessor.tensor_hw(frame.width_px, frame.height_px)
        self._contract, self._stream = contract, stream
        self._decoder, self._min_score = detector.decoder, detector.min_score
        if max(self._decoder.max_candidates, self._decoder.max_hands) > MOST_CANDIDATES:
            raise UsageError(
                f"{detector.name} looks at more than {MOST_CANDIDATES} candidates; lower max_candidates in its bundle,"
                " or use --device cpu"
            )
        self._source_hw = frame.height_px, frame.width_px
        self._source_from_input = preprocessor.frame_map(frame.width_px, frame.height_px, tensor_hw=tensor_hw)
        row_shape = (contract.channels, *tensor_hw)
        self._bound = BoundModel(detector.contract, model, gpu, stream, opened, rows=1, row_shape=row_shape)
        (batch,) = self._bound
        self._batch = batch
        self._input = DeviceTensor(batch.input, 1, *row_shape, self._bound.dtype)
        self._levels = [
            _level(batch.outputs[level.output], self._bound.shapes[level.output], level.stride_px)
            for level in self._decoder.levels
        ]
        (self._output_type,) = {self._bound.output_types[level.output] for level in self._decoder.levels}

    @staticmethod
    def fields(detector: HandDetector) -> Fields:
        """Return the arrays that the hands come in."""
        most = detector.decoder.max_hands
        return {"count": (np.int32, 1), "boxes": (np.float32, most, 4), "scores": (np.float32, most)}

    def queue(self, picture: DevicePicture, at: Mapping[str, int]) -> HandsAt:
        """Queue the detection in `picture`; `at` has the addresses of its answers."""
        kernels.warp_frame(
            self._stream, picture, self._input, source_from_input=self._source_from_input, contract=self._contract
        )
        self._batch.execution.enqueue(self._stream)
        hands = HandsAt(at["boxes"], at["scores"], at["count"])
        kernels.decode_boxes(
            self._stream,
            self._levels,
            pictures=1,
            dtype=self._output_type,
            min_score=self._min_score,
            iou=self._decoder.nms_iou,
            max_candidates=self._decoder.max_candidates,
            max_hands=self._decoder.max_hands,
            source_from_input=self._source_from_input,
            source_hw=self._source_hw,
            boxes=hands.boxes,
            scores=hands.scores,
            counts=hands.count,
        )
        return hands

    @staticmethod
    def tell(arrays: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return boxes and scores of the hands found, best first, valid until the next frame."""
        count = int(arrays["count"][0])
        return arrays["boxes"][:count], arrays["scores"][:count]


def _level(address: int, shape: tuple[int, ...], stride_px: int) -> DeviceLevel:
    return DeviceLevel(address, shape[2], shape[3], stride_px)
