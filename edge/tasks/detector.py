# SPDX-License-Identifier: Apache-2.0
"""`HandDetector`: a whole picture to the boxes of its hands."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge.bundle.contract import ModelContract
from edge.decoders import BoxDecoder
from edge.errors import BundleFormatError, ModelError, UsageError
from edge.frame import Frame
from edge.preprocess import Preprocessor
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.picture import frame_from_picture
from edge.tasks.task import Task


class HandDetector(Task):
    """Finds the hands of a frame, whatever was known before.

    `min_score` replaces the bundle's threshold. Raises `BundleFormatError` when the bundle is not a detector and
    `UsageError` when `min_score` is not within 0 and 1.
    """

    needs_hands: ClassVar[bool] = False

    def __init__(self, contract: ModelContract, runner: Runner, *, min_score: float | None = None) -> None:
        super().__init__(contract, runner)
        if not isinstance(contract.decoder, BoxDecoder):
            raise BundleFormatError(f"{contract.name} is a {contract.task}, not a detector; give a detector's bundle")
        if min_score is not None and not 0 <= min_score <= 1:
            raise UsageError(f"min_score must lie within 0 and 1, got {min_score}")
        self.min_score = contract.decoder.min_score if min_score is None else min_score
        self.decoder = contract.decoder
        self._picture = contract.picture_input
        self._preprocessor = Preprocessor(self._picture.contract())
        self._source_hw = (0, 0)
        self._shape: tuple[int, ...] = ()
        self._source_from_input: NDArray[np.float64] = np.zeros((2, 3))

    def prepare(self, frame: Frame, hands: Hands | None = None) -> None:  # noqa: ARG002 - part of every task's shape
        """Write `frame` into the network's input; `hands` are ignored."""
        source_hw = frame.height_px, frame.width_px
        if source_hw != self._source_hw:
            tensor_hw = self._preprocessor.tensor_hw(frame.width_px, frame.height_px)
            self._source_hw, self._shape = source_hw, (self._picture.min_batch, self._picture.channels, *tensor_hw)
        buffer = self.runner.input_buffer(self._picture.name, self._shape)
        self._source_from_input = self._preprocessor.write_frame(frame, buffer[:1])

    def infer(self) -> None:
        """Run the network on the prepared frame. Raises `ModelError`."""
        self.outputs = self.runner.infer()

    def decode(self) -> Hands:
        """Return the hands found, best first, their boxes clipped to the picture. Raises `ModelError`."""
        try:
            boxes_xyxy, scores = self.decoder.decode(
                self.outputs,
                source_from_input=self._source_from_input,
                source_hw=self._source_hw,
                min_score=self.min_score,
            )
        except (KeyError, ValueError) as error:
            raise ModelError(f"{self.name}: outputs cannot be decoded, {error}; verify the bundle") from error
        return Hands(boxes_xyxy, scores)

    def sibling(self) -> HandDetector:
        """Return a detector for another thread on the same loaded weights."""
        return HandDetector(self.contract, self.runner.sibling(), min_score=self.min_score)

    def __call__(self, picture: NDArray[Any] | Frame) -> Hands:
        """Return the hands of a BGR (H, W, 3) or grey (H, W) uint8 picture, or of a frame.

        Raises `UsageError` for other input, and while another thread is within a call.
        """
        with self._alone():
            self.prepare(frame_from_picture(picture))
            self.infer()
            return self.decode()
