# SPDX-License-Identifier: Apache-2.0
"""What this machine takes and how warm it gets: power, energy, temperatures, clocks, throttling, mode of power."""

from __future__ import annotations

from edge.telemetry.readings import Readings
from edge.telemetry.sampler import Sampler
from edge.telemetry.telemetry import Telemetry

__all__ = ["Readings", "Sampler", "Telemetry"]
