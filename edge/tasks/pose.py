# SPDX-License-Identifier: Apache-2.0
"""`HandPose`: the keypoints of hands to the names of their poses."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from edge.bundle.contract import ModelContract
from edge.bundle.tensors import KeypointInput
from edge.decoders import LabelDecoder
from edge.errors import BundleFormatError, UsageError
from edge.frame import Frame
from edge.keypoints import KEYPOINTS, normalised
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.hand_task import HandTask


class HandPose(HandTask):
    """Names the pose of hands whose keypoints are known; the picture plays no part.

    Raises `BundleFormatError` when the bundle is not a pose model.
    """

    needs_keypoints: ClassVar[bool] = True

    def __init__(self, contract: ModelContract, runner: Runner) -> None:
        super().__init__(contract, runner)
        if not isinstance(contract.decoder, LabelDecoder) or not isinstance(contract.input, KeypointInput):
            raise BundleFormatError(
                f"{contract.name} is a {contract.task}, not a pose model; give a pose model's bundle"
            )
        self._decoder, self._points = contract.decoder, contract.input

    @property
    def row_shape(self) -> tuple[int, int]:
        """Shape (21, 2) of a hand's keypoints."""
        return len(KEYPOINTS), 2

    def write(self, frame: Frame, hands: Hands, rows: NDArray[np.float32]) -> None:  # noqa: ARG002 - as of every task
        """Write the normalised keypoints of `hands` into `rows`. Raises `UsageError` when they have none."""
        if hands.keypoints is None:
            raise UsageError(f"{self.name} needs keypoints, which these hands lack; let a keypoint model come first")
        places = hands.keypoints[..., :2]
        rows[:] = normalised(places, upright=self._points.upright, one_sided=self._points.one_sided)

    def tell(self, hands: Hands) -> Hands:
        """Return `hands` with their poses."""
        return replace(hands, poses=self._decoder.decode(self.outputs, count=len(hands)).poses)

    def sibling(self) -> HandPose:
        """Return a task for another thread on the same loaded weights."""
        return HandPose(self.contract, self.runner.sibling())
