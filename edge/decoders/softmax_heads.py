# SPDX-License-Identifier: Apache-2.0
"""Decoder of classifiers with one softmax head per question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from edge import _native
from edge.decoders.presence import PRESENCE, presence_of
from edge.preprocess import InputContract
from edge.results import Labels
from edge.strict_model import StrictModel

Role = Literal["gesture", "handedness", "presence", "holding", "pose"]
HANDEDNESS = ("left", "right")
HOLDING = ("holding", "empty")
_FIXED_LABELS: dict[Role, tuple[str, ...]] = {"handedness": HANDEDNESS, "presence": PRESENCE, "holding": HOLDING}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the heads say of N crops; None where there is no such head.

    `presence` (N,) float32 is the probability that a crop shows a hand at all.
    """

    gestures: Labels | None = None
    handedness: Labels | None = None
    presence: NDArray[np.float32] | None = None
    holding: Labels | None = None
    poses: Labels | None = None


class Head(StrictModel):
    """One output (N, classes) of logits and the names of its classes.

    `untrained` names exist in the output but had no labelled pictures: nobody measured how well they are told apart.
    """

    output: str = Field(min_length=1)
    role: Role
    labels: tuple[str, ...] = Field(min_length=1)
    untrained: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_make_sense(self) -> Head:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels of output {self.output!r} must differ from each other")
        fixed = _FIXED_LABELS.get(self.role)
        if fixed is not None and set(self.labels) != set(fixed):
            told = f"{' and '.join(fixed)}, got {', '.join(self.labels)}"
            raise ValueError(f"labels of the role {self.role} must be {told}")
        strangers = sorted(set(self.untrained) - set(self.labels))
        if strangers:
            raise ValueError(f"untrained names {', '.join(strangers)} are not among the labels of {self.output!r}")
        return self


class SoftmaxHeads(StrictModel):
    """Logits per head; the answer is the most probable class and its probability.

    `presence_trust` is the weight of presence, where a head tells it, in a hand's score, a geometric mean of both.
    """

    serves: ClassVar[tuple[str, ...]] = ("classifier", "pose")

    type: Literal["softmax-heads"] = "softmax-heads"
    heads: tuple[Head, ...] = Field(min_length=1)
    presence_trust: float = Field(default=0, ge=0, lt=1)

    @model_validator(mode="after")
    def _heads_make_sense(self) -> SoftmaxHeads:
        if len({head.role for head in self.heads}) != len(self.heads):
            raise ValueError("each role may have one head")
        if len(set(self.output_names)) != len(self.heads):
            raise ValueError(f"each head needs an output of its own, got {', '.join(self.output_names)}")
        if self.presence_trust and not any(head.role == "presence" for head in self.heads):
            raise ValueError("presence_trust needs a head of the role presence; add one, or leave out the trust")
        return self

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs this decoder reads."""
        return tuple(head.output for head in self.heads)

    def require_fit(self, contract: InputContract | None, shapes: Mapping[str, tuple[int | str, ...]]) -> None:
        """Raise `ValueError` unless a network with this input and outputs of these shapes has these heads."""
        if contract is not None and contract.fit != "crop":
            raise ValueError(f"a classifier takes crops of hands, so input.fit must be crop, got {contract.fit!r}")
        strangers = [head.role for head in self.heads if (head.role == "pose") != (contract is None)]
        if strangers:
            raise ValueError(f"a pose is told from keypoints and nothing else is, got a head for {strangers[0]}")
        for head in self.heads:
            shape = shapes[head.output]
            if len(shape) != 2 or shape[1] != len(head.labels):
                given = ", ".join(str(dimension) for dimension in shape)
                raise ValueError(
                    f"output {head.output!r} must be (batch, {len(head.labels)}), one value for each of its labels, got"
                    f" ({given}); give as many labels as the model has classes"
                )

    def decode(self, outputs: Mapping[str, NDArray[Any]], *, count: int | None = None) -> Answers:
        """Return the answer of every head for outputs (N, classes), or for their first `count` rows."""
        labels: dict[Role, Labels] = {}
        presence = None
        for head in self.heads:
            logits = _require_logits(outputs[head.output][:count], len(head.labels))
            if head.role == "presence":
                presence = presence_of(logits, head.labels)
            else:
                labels[head.role] = Labels(head.labels, *_native.best_classes(logits))
        return Answers(
            gestures=labels.get("gesture"),
            handedness=labels.get("handedness"),
            presence=presence,
            holding=labels.get("holding"),
            poses=labels.get("pose"),
        )


def _require_logits(logits: NDArray[Any], classes: int) -> NDArray[np.float32]:
    if logits.ndim != 2 or logits.shape[1] != classes:
        raise ValueError(f"logits must be (N, {classes}), got {logits.shape}")
    return logits.astype(np.float32, copy=False)
