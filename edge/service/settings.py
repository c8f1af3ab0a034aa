# SPDX-License-Identifier: Apache-2.0
"""`ServiceSettings`: the part of the configuration that only the service reads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator
from typing_extensions import Self

from edge.strict_model import StrictModel


class CoolingSettings(StrictModel):
    """When work is slowed down, and when it may speed up again.

    Attributes:
        hot_c: temperature of the hottest sensor at which the rate of frames is halved, in degrees Celsius.
        cool_c: temperature below which the machine counts as cool again.
        most_steps: how many times the rate may be halved; 0 leaves it alone.
    """

    hot_c: Annotated[float, Field(ge=40, le=110)] = 90.0
    cool_c: Annotated[float, Field(ge=30, le=110)] = 82.0
    most_steps: Annotated[int, Field(ge=0, le=5)] = 3

    @model_validator(mode="after")
    def _require_gap(self) -> Self:
        if self.cool_c >= self.hot_c:
            raise ValueError(f"cool_c must be below hot_c, got {self.cool_c:g} and {self.hot_c:g}")
        return self


class ServiceSettings(StrictModel):
    """How the service is watched and limited; all but `cooling` go into the unit when it is installed.

    Attributes:
        watchdog_s: systemd restarts the service when no result came for this long.
        memory_high_mb, memory_max_mb: memory from which it is slowed down, and at which it is ended.
        most_tasks: threads and processes it may have.
        writable: folders that sinks may write to, besides the service's own in /var/lib.
        cooling: what heat does.
    """

    watchdog_s: Annotated[float, Field(ge=5, le=600)] = 30.0
    memory_high_mb: Annotated[int, Field(ge=256)] = 2560
    memory_max_mb: Annotated[int, Field(ge=256)] = 3072
    most_tasks: Annotated[int, Field(ge=32, le=4096)] = 256
    writable: Annotated[tuple[str, ...], Field(strict=False)] = ()
    cooling: CoolingSettings = CoolingSettings()

    @model_validator(mode="after")
    def _require_sense(self) -> Self:
        if self.memory_high_mb > self.memory_max_mb:
            raise ValueError(
                f"memory_high_mb must not exceed memory_max_mb, got {self.memory_high_mb} and {self.memory_max_mb}"
            )
        for folder in self.writable:
            if not folder.startswith("/") or not folder.isprintable():
                raise ValueError(f"writable must be absolute folders, got {folder!r}")
        return self
