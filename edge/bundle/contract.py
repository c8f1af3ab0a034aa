# SPDX-License-Identifier: Apache-2.0
"""`ModelContract`: what a network takes, gives and means, whatever file it is in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge.bundle.tensors import InputTensor, KeypointInput, OutputTensor
from edge.decoders import Decoder
from edge.errors import BundleFormatError
from edge.strict_model import StrictModel

TaskName = Literal["detector", "classifier", "keypoints", "pose", "segmenter"]


class ModelContract(StrictModel):
    """Name, version, task, input, outputs and decoder of a model: all that a task needs beside a runner."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    task: TaskName
    input: Annotated[InputTensor | KeypointInput, Field(discriminator="fit")]
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
        if self.task not in self.decoder.serves:
            raise ValueError(f"task {self.task!r} cannot use decoder {self.decoder.type!r}")
        pictures = self.input.contract() if isinstance(self.input, InputTensor) else None
        if (pictures is None) != (self.task == "pose"):
            raise ValueError(f"a {self.task} cannot have an input with fit {self.input.fit!r}")
        self.decoder.require_fit(pictures, {output.name: output.shape for output in self.outputs})
        return self

    @property
    def picture_input(self) -> InputTensor:
        """The input of a model that looks at pictures. Raises `BundleFormatError` for one that does not."""
        if isinstance(self.input, InputTensor):
            return self.input
        raise BundleFormatError(f"{self.name} is a {self.task} model and looks at no picture; give another bundle")
