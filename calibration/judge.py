# SPDX-License-Identifier: Apache-2.0
"""`Judge`: the figures of a model's files on pictures that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.cascade import CascadeFigure, cascade_figure, found_by
from calibration.pictures import LabelledPicture
from calibration.task_metric import CURVE_MIN_SCORE, TaskFigure, answered, has_labels, task_figure
from edge.bundle.contract import ModelContract
from edge.decoders import BoxDecoder
from edge.results import Hands
from edge.tasks.loading import task_from_runner
from edge.tasks.task import Task
from export.runner_from_onnx import runner_from_onnx


@dataclass(frozen=True, slots=True)
class Verdict:
    """How well one file does: its own task, and the cascade it is part of where that can be measured."""

    task: TaskFigure
    cascade: CascadeFigure | None

    def drop_points(self, other: Verdict) -> float:
        """Return how many points `other` is worse, in whichever of the two metrics it loses more."""
        drops = [self.task.value - other.task.value]
        if self.cascade is not None and other.cascade is not None:
            drops.append(self.cascade.value - other.cascade.value)
        return 100 * max(drops)


class Judge:
    """Judges files of one contract on the same pictures.

    `reference` is the float32 file: where no picture has a label for the task, its answers are the truth. `partner` is
    the other model of the cascade, a detector for what looks at crops, and for a detector what looks at its hands;
    `rendered` says that the pictures are scenes of `edge.scene`, not photographs.
    """

    def __init__(
        self,
        contract: ModelContract,
        reference: bytes,
        pictures: Sequence[LabelledPicture],
        *,
        partner: Task | None = None,
        rendered: bool = False,
    ) -> None:
        self.contract, self.rendered, self._partner = contract, rendered, partner
        with self._opened(reference) as task:
            having = [picture for picture in pictures if has_labels(contract, picture.sample)]
            self.labelled = bool(having)
            self.pictures = having or answered(task, _with_hands(task, pictures, partner))
        self._found: list[Hands] | None = None
        if partner is not None and not partner.needs_hands:
            self._found = found_by(partner, self.pictures, min_score=min_score_of(partner.contract))
        self.reference = self.verdict(reference)

    def verdict(self, model: bytes) -> Verdict:
        """Return the figures of a file. Raises `ModelError` when it cannot be run."""
        with self._opened(model) as task:
            figure = task_figure(task, self.pictures)
            if self._partner is None:
                return Verdict(figure, None)
            if self._found is not None:
                return Verdict(figure, cascade_figure(task, self.pictures, self._found))
            own = [picture for picture in self.pictures if has_labels(self._partner.contract, picture.sample)]
            found = found_by(task, own, min_score=min_score_of(self.contract))
            return Verdict(figure, cascade_figure(self._partner, own, found))

    def drop_points(self, model: bytes) -> float:
        """Return how many points a file is worse than the reference."""
        return self.reference.drop_points(self.verdict(model))

    def _opened(self, model: bytes) -> Task:
        low = CURVE_MIN_SCORE if self.contract.task == "detector" else None
        return task_from_runner(self.contract, runner_from_onnx(self.contract, model), min_score=low)


def min_score_of(contract: ModelContract) -> float:
    """Return the score from which a detector reports a hand, 0 for other models."""
    decoder = contract.decoder
    return decoder.min_score if isinstance(decoder, BoxDecoder) else 0.0


def _with_hands(task: Task, pictures: Sequence[LabelledPicture], partner: Task | None) -> list[LabelledPicture]:
    """Return the pictures with the partner's hands, where `task` needs hands and the pictures have none."""
    if not task.needs_hands or partner is None or any(len(picture.sample.boxes_xyxy) for picture in pictures):
        return list(pictures)
    return answered(partner, pictures, min_score=min_score_of(partner.contract))
