# SPDX-License-Identifier: Apache-2.0
"""`ModelContract`: what a network takes, gives and means, whatever file it is in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from edge.bundle.tensors import InputTensor, OutputTensor
from edge.decoders import Decoder
from edge.strict_model import StrictModel

TaskName = Literal["detector", "classifier", "keypoints"]


class ModelContract(StrictModel):
    """Name, version, task, input, outputs and decoder of a model: all that a task needs beside a runner."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    task: TaskName
    input: InputTensor
    outputs: tuple[OutputTensor, ...] = Field(min_length=1)
    decoder: Decoder

    @model_validator(mode="after")
    def _decoder_fits(self) -> ModelContract:
        names = [output.name for output in self.outputs]
        if len(set(names)) != len(names):
            raise ValueError(f"outputs must have different names, got {', '.join(names)}")
        unknown = sorted(set(self.decoder.output_names) - set(names))
        if unknown:
            raise ValueError(f"decoder reads {', '.join(unknown)}, but the outputs are {', '.join(names)}")
        if self.decoder.serves != self.task:
            raise ValueError(f"task {self.task!r} cannot use decoder {self.decoder.type!r}")
        self.decoder.require_fit(self.input.contract(), {output.name: output.shape for output in self.outputs})
        return self
