# SPDX-License-Identifier: Apache-2.0
"""`PictureSegmenter`: a whole picture to the masks of its hands, and so to the hands."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from edge.bundle.contract import ModelContract
from edge.decoders import MaskDecoder
from edge.errors import BundleFormatError, ModelError
from edge.frame import Frame
from edge.geometry import Affine
from edge.preprocess import Preprocessor
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.picture import frame_from_picture
from edge.tasks.task import Task


class PictureSegmenter(Task):
    """Finds the hands of a frame by their pixels, whatever was known before.

    Hands that touch are one. Raises `BundleFormatError` when the bundle is not a segmenter.
    """

    needs_hands: ClassVar[bool] = False

    def __init__(self, contract: ModelContract, runner: Runner) -> None:
        super().__init__(contract, runner)
        if not isinstance(contract.decoder, MaskDecoder):
            raise BundleFormatError(f"{contract.name} is a {contract.task}, not a segmenter; give a segmenter's bundle")
        self._decoder = contract.decoder
        self._picture = contract.picture_input
        self._preprocessor = Preprocessor(self._picture.contract())
        self._source_wh = self._input_hw = (0, 0)
        self._source_from_input: Affine = np.zeros((2, 3))

    def prepare(self, frame: Frame, hands: Hands | None = None) -> None:  # noqa: ARG002 - part of every task's shape
        """Write `frame` into the network's input; `hands` are ignored."""
        self._source_wh = frame.width_px, frame.height_px
        self._input_hw = self._preprocessor.tensor_hw(*self._source_wh)
        shape = self._picture.min_batch, self._picture.channels, *self._input_hw
        buffer = self.runner.input_buffer(self._picture.name, shape)
        self._source_from_input = self._preprocessor.write_frame(frame, buffer[:1])

    def infer(self) -> None:
        """Run the network on the prepared frame. Raises `ModelError`."""
        self.outputs = self.runner.infer()

    def decode(self) -> Hands:
        """Return the hands found, the largest first, with their masks. Raises `ModelError`."""
        try:
            masks = self._decoder.decode(
                self.outputs, picture_from_input=self._source_from_input[None], input_hw=self._input_hw
            )
        except (KeyError, ValueError, IndexError) as error:
            raise ModelError(f"{self.name}: outputs cannot be decoded, {error}; verify the bundle") from error
        return self._decoder.hands_in(masks, *self._source_wh)

    def sibling(self) -> PictureSegmenter:
        """Return a task for another thread on the same loaded weights."""
        return PictureSegmenter(self.contract, self.runner.sibling())

    def __call__(self, picture: NDArray[Any] | Frame) -> Hands:
        """Return the hands of a BGR (H, W, 3) or grey (H, W) uint8 picture, or of a frame.

        Raises `UsageError` for other input, and while another thread is within a call.
        """
        with self._alone():
            self.prepare(frame_from_picture(picture))
            self.infer()
            return self.decode()
