# SPDX-License-Identifier: Apache-2.0
"""`HandSegmenter`: the crops of hands to their masks."""

from __future__ import annotations

from dataclasses import replace

from edge.bundle.contract import ModelContract
from edge.decoders import MaskDecoder
from edge.errors import BundleFormatError
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.crop_task import CropTask


class HandSegmenter(CropTask):
    """Tells which pixels are those of hands whose boxes are known.

    Raises `BundleFormatError` when the bundle is not a segmenter.
    """

    def __init__(self, contract: ModelContract, runner: Runner) -> None:
        if not isinstance(contract.decoder, MaskDecoder):
            raise BundleFormatError(f"{contract.name} is a {contract.task}, not a segmenter; give a segmenter's bundle")
        super().__init__(contract, runner, contract.decoder)
        self._decoder = contract.decoder

    def tell(self, hands: Hands) -> Hands:
        """Return `hands` with their masks."""
        masks = self._decoder.decode(
            self.outputs, picture_from_input=self._picture_from_crop, input_hw=self.row_shape[1:]
        )
        return replace(hands, masks=masks)

    def sibling(self) -> HandSegmenter:
        """Return a task for another thread on the same loaded weights."""
        return HandSegmenter(self.contract, self.runner.sibling())
