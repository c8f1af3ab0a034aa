# SPDX-License-Identifier: Apache-2.0
"""Two tasks on the same pictures: whether they give the same answers; and the pictures as network inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.tensors import InputTensor, KeypointInput
from edge.geometry import iou_matrix
from edge.keypoints import KEYPOINTS, normalised
from edge.masks import Mask
from edge.preprocess import Preprocessor
from edge.results import Hand, Hands
from edge.tasks.picture import frame_from_picture
from edge.tasks.self_test import SURE_SCORE, run_on_picture
from edge.tasks.task import Task
from export.pictures import CheckPicture

SAME_BOX_IOU = 0.99
SAME_POINT_PX = 0.5
SAME_MASK_IOU = 0.99


@dataclass(frozen=True, slots=True)
class Agreement:
    """Decoded answers: hands of the reference, hands of the candidate, and those that both agree about."""

    reference_hands: int
    candidate_hands: int
    agreeing: int

    @property
    def complete(self) -> bool:
        """Whether both say the same."""
        return self.reference_hands == self.candidate_hands == self.agreeing


def tensors_from_pictures(
    contract: InputTensor | KeypointInput, pictures: Sequence[CheckPicture]
) -> list[NDArray[np.float32]]:
    """Return network inputs (N, ...): those of equal shape are stacked, so that batches above 1 occur."""
    rows: dict[tuple[int, ...], list[NDArray[np.float32]]] = {}
    for one in pictures:
        for row in _keypoint_rows(contract, one) if isinstance(contract, KeypointInput) else _rows(contract, one):
            rows.setdefault(row.shape, []).append(row)
    batches = []
    for same in rows.values():
        for start in range(0, len(same), contract.max_batch):
            batch = same[start : start + contract.max_batch]
            batch += batch[:1] * (contract.min_batch - len(batch))
            batches.append(np.stack(batch))
    return batches


def agreement(reference: Task, candidate: Task, pictures: Sequence[CheckPicture]) -> Agreement:
    """Run both tasks on every picture and pair the hands they report."""
    counts = np.zeros(3, int)
    for one in pictures:
        ours, theirs = (
            run_on_picture(task, one.picture, one.boxes_xyxy, one.keypoints) for task in (reference, candidate)
        )
        counts += len(ours), len(theirs), _agreeing(ours, theirs)
    return Agreement(*(int(count) for count in counts))


def _keypoint_rows(contract: KeypointInput, one: CheckPicture) -> NDArray[np.float32]:
    places = np.array(one.keypoints or (), np.float32).reshape(-1, len(KEYPOINTS), 3)[..., :2]
    return normalised(places, upright=contract.upright, one_sided=contract.one_sided)


def _rows(contract: InputTensor, one: CheckPicture) -> NDArray[np.float32]:
    preprocessor, frame = Preprocessor(contract.contract()), frame_from_picture(one.picture)
    if contract.fit == "crop":
        shape = contract.channels, contract.height_px, contract.width_px
        crops = np.empty((len(one.boxes_xyxy), *shape), np.float32)
        preprocessor.write_crops(frame, np.array(one.boxes_xyxy, np.float32), crops)
        return crops
    height_px, width_px = preprocessor.tensor_hw(frame.width_px, frame.height_px)
    picture = np.empty((1, contract.channels, height_px, width_px), np.float32)
    preprocessor.write_frame(frame, picture)
    return picture


def _agreeing(ours: Hands, theirs: Hands) -> int:
    overlaps = iou_matrix(ours.boxes_xyxy, theirs.boxes_xyxy)
    agreeing = 0
    for row, hand in enumerate(ours):
        near = np.flatnonzero(overlaps[row] >= SAME_BOX_IOU)
        agreeing += any(_same(hand, theirs[int(index)]) for index in near)
    return agreeing


def _same(ours: Hand, theirs: Hand) -> bool:
    if ours.names != theirs.names or (ours.keypoints is None) != (theirs.keypoints is None):
        return False
    if ours.mask is not None and theirs.mask is not None and not _same_mask(ours.mask, theirs.mask):
        return False
    if ours.keypoints is None or theirs.keypoints is None:
        return True
    sure = ours.keypoints[:, 2] >= SURE_SCORE
    return bool((np.abs(ours.keypoints - theirs.keypoints)[sure, :2] <= SAME_POINT_PX).all())


def _same_mask(ours: Mask, theirs: Mask) -> bool:
    inside, other = ours.logits >= 0, theirs.logits >= 0
    return bool(np.count_nonzero(inside & other) >= SAME_MASK_IOU * np.count_nonzero(inside | other))
