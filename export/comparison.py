# SPDX-License-Identifier: Apache-2.0
"""Two runners or two tasks on the same pictures: how far their outputs and their answers lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle.tensors import InputTensor, KeypointInput
from edge.errors import ModelError
from edge.geometry import iou_matrix
from edge.keypoints import KEYPOINTS, normalised
from edge.masks import Mask
from edge.preprocess import Preprocessor
from edge.results import Hand, Hands
from edge.runners.runner import Runner
from edge.tasks.picture import frame_from_picture
from edge.tasks.self_test import SURE_SCORE, run_on_picture
from edge.tasks.task import Task
from export.pictures import CheckPicture

# The same FP32 network summed in another order differs by about 1e-5 of its largest activations.
ABSOLUTE = RELATIVE = 1e-3
SAME_BOX_IOU = 0.99
SAME_POINT_PX = 0.5
SAME_MASK_IOU = 0.99


@dataclass(frozen=True, slots=True)
class OutputDifference:
    """Largest difference of one output: absolute, and as a fraction of what is allowed (above 1 is too much)."""

    output: str
    max_abs: float
    of_allowed: float


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


def output_differences(
    reference: Runner, candidate: Runner, tensors: Sequence[NDArray[np.float32]]
) -> tuple[OutputDifference, ...]:
    """Return the largest difference of every output over all inputs. Raises `ModelError` when shapes differ."""
    name = reference.inputs[0].name
    worst: dict[str, tuple[float, float]] = {output.name: (0.0, 0.0) for output in reference.outputs}
    for tensor in tensors:
        answers = []
        for runner in (reference, candidate):
            runner.input_buffer(name, tensor.shape)[:] = tensor
            answers.append(runner.infer())
        for output, (absolute, fraction) in worst.items():
            now = _difference(output, answers[0], answers[1])
            worst[output] = max(absolute, now[0]), max(fraction, now[1])
    return tuple(OutputDifference(output, *figures) for output, figures in worst.items())


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


def _difference(
    output: str, reference: Mapping[str, NDArray[np.float32]], candidate: Mapping[str, NDArray[np.float32]]
) -> tuple[float, float]:
    expected, given = reference[output].astype(np.float64), candidate[output].astype(np.float64)
    if expected.shape != given.shape:
        raise ModelError(f"output {output!r} must be {expected.shape}, got {given.shape}")
    absolute = np.abs(given - expected)
    if not np.isfinite(absolute).all():
        return np.inf, np.inf
    allowed = ABSOLUTE + RELATIVE * np.abs(expected)
    return float(absolute.max(initial=0.0)), float((absolute / allowed).max(initial=0.0))


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
    return np.count_nonzero(inside & other) >= SAME_MASK_IOU * np.count_nonzero(inside | other)
