# SPDX-License-Identifier: Apache-2.0
"""`HandClassifier`: the crops of hands to gesture, handedness, presence and whether they hold something."""

from __future__ import annotations

from dataclasses import replace

from edge.bundle.contract import ModelContract
from edge.decoders import LabelDecoder
from edge.errors import BundleFormatError
from edge.results import Hands
from edge.runners.runner import Runner
from edge.tasks.crop_task import CropTask


class HandClassifier(CropTask):
    """Names what hands whose boxes are known do, and says which are none; its bundle tells which heads it has.

    Raises `BundleFormatError` when the bundle is not a classifier, and as `CropTask`.
    """

    def __init__(self, contract: ModelContract, runner: Runner, *, min_score: float = 0.0) -> None:
        if not isinstance(contract.decoder, LabelDecoder):
            raise BundleFormatError(
                f"{contract.name} is a {contract.task}, not a classifier; give a classifier's bundle"
            )
        super().__init__(contract, runner, contract.decoder, min_score=min_score)
        self._decoder = contract.decoder

    def tell(self, hands: Hands) -> Hands:
        """Return `hands` with their labels."""
        answers = self._decoder.decode(self.outputs, count=len(hands))
        return replace(
            hands,
            gestures=hands.gestures if answers.gestures is None else answers.gestures,
            handedness=hands.handedness if answers.handedness is None else answers.handedness,
            presence=self.presence_of(hands, answers.presence),
            holding=hands.holding if answers.holding is None else answers.holding,
        )

    def sibling(self) -> HandClassifier:
        """Return a classifier for another thread on the same loaded weights."""
        return HandClassifier(self.contract, self.runner.sibling(), min_score=self.min_score)
