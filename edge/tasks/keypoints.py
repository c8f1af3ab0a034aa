# SPDX-License-Identifier: Apache-2.0
"""`HandKeypoints`: the crops of hands to the places of their 21 keypoints, and presence."""

from __future__ import annotations

from dataclasses import replace

from edge.bundle.contract import ModelContract
from edge.decoders import PointDecoder
from edge.errors import BundleFormatError
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.crop_task import CropTask


class HandKeypoints(CropTask):
    """Places the keypoints of hands whose boxes are known, in the order of `edge.keypoints.KEYPOINTS`.

    Raises `BundleFormatError` when the bundle is not a keypoint model, and as `CropTask`.
    """

    def __init__(self, contract: ModelContract, runner: Runner, *, min_score: float = 0.0) -> None:
        if not isinstance(contract.decoder, PointDecoder):
            raise BundleFormatError(
                f"{contract.name} is a {contract.task}, not a keypoint model; give a keypoint model's bundle"
            )
        super().__init__(contract, runner, contract.decoder, min_score=min_score)
        self._decoder = contract.decoder

    def tell(self, hands: Hands) -> Hands:
        """Return `hands` with their keypoints in pixels of the picture; those outside it lie where they seem to."""
        keypoints, presence = self._decoder.decode(
            self.outputs, picture_from_crop=self._picture_from_crop, side_px=self._crop.width_px
        )
        return replace(hands, keypoints=keypoints, presence=self.presence_of(hands, presence))

    def sibling(self) -> HandKeypoints:
        """Return a task for another thread on the same loaded weights."""
        return HandKeypoints(self.contract, self.runner.sibling(), min_score=self.min_score)
