# SPDX-License-Identifier: Apache-2.0
"""`MistakeSheet`: the mistakes of a task's latest evaluation as one picture, for the training loop."""

from __future__ import annotations

from collections.abc import Sequence

from training.augment.placement import Picture
from training.data.pictures import PictureStore
from training.mistakes import Mistake, contact_sheet

SHOWN = 100


class MistakeSheet:
    """What tasks have in common whose `evaluate` notes the mistakes in their pictures."""

    _pictures: PictureStore
    _mistakes: Sequence[Mistake] | None = None

    def mistake_sheet(self) -> Picture | None:
        """Return the first `SHOWN` mistakes as a BGR picture (H, W, 3), or None where none were looked for."""
        return None if self._mistakes is None else contact_sheet(self._mistakes[:SHOWN], self._pictures)
