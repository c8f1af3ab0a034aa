# SPDX-License-Identifier: Apache-2.0
"""Hands from frame to frame: who is who, what they do by vote, and where they are without jitter.

Times are in seconds and distances in hand-widths, so that nothing depends on the rate of the frames.
"""

from __future__ import annotations

from edge.tracking.forecast import Forecast
from edge.tracking.settings import TrackingSettings
from edge.tracking.tracker import Tracker

__all__ = ["Forecast", "Tracker", "TrackingSettings"]
