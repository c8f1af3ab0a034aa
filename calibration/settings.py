# SPDX-License-Identifier: Apache-2.0
"""`PrecisionSettings`: what a user decides about FP16 and INT8."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calibration.thresholds import Method

# What FP16 may lose: less than anybody sees.
FP16_MAX_DROP = 0.1


@dataclass(frozen=True, slots=True)
class PrecisionSettings:
    """Settings of the precisions that a bundle gets."""

    to: Path = Path("bundles")
    """Folder that receives the bundle, as a folder of its name."""
    fp16: bool = False
    """Whether to write the model in FP16."""
    int8: bool = False
    """Whether to write the model in INT8."""
    data: Path | None = None
    """Annotated sets or pictures to calibrate on and to measure with; None renders scenes, which FP16 may do with."""
    max_drop: float = 1.0
    """Points of the metric that INT8 may lose."""
    method: Method | None = None
    """How ranges are found; None takes what measures best."""
    partner: str | None = None
    """The other model of the cascade; None takes the shipped detector, or for a detector the gesture classifier."""
    pictures: int = 200
    """At most this many held-out pictures are measured with."""
    calibration_pictures: int = 128
    """At most this many pictures are calibrated on, and as many others decide on the method and what is spared."""
    cache: Path | None = None
    """Folder where ranges are kept for the next time; None keeps none."""
    sensitivity: bool = False
    """Whether to measure what each layer costs even where INT8 passes at once."""
