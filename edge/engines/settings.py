# SPDX-License-Identifier: Apache-2.0
"""`EngineSettings`: what may be chosen about an engine beside its model."""

from __future__ import annotations

from pydantic import Field

from edge.strict_model import StrictModel


class EngineSettings(StrictModel):
    """Choices of a build; every one of them is part of the engine's key.

    `workspace_mb` bounds the scratch memory of kernels, by default by what is free when building. `max_batch` lowers
    that of the bundle. `optimization_level`, 0 to 5, trades building time for speed. `dla_core` runs what it can on a
    deep learning accelerator, with fixed shapes. `tf32` lets float32 products be rounded to 10 bits.
    """

    workspace_mb: int | None = Field(default=None, ge=1)
    max_batch: int | None = Field(default=None, ge=1)
    optimization_level: int = Field(default=3, ge=0, le=5)
    dla_core: int | None = Field(default=None, ge=0, le=15)
    tf32: bool = False
