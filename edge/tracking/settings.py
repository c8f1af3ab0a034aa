# SPDX-License-Identifier: Apache-2.0
"""`TrackingSettings`: how hands are followed."""

from __future__ import annotations

from pydantic import Field, PositiveFloat

from edge.strict_model import StrictModel


class TrackingSettings(StrictModel):
    """Times are in seconds, speeds in hand-widths a second; a hand-width is the longer side of its box.

    Attributes:
        detect_every_s: how often the detector runs while all known hands are followed; 0 is every frame.
        search_every_s: how often it runs while no hand is known, at least as often as `detect_every_s`.
        confirm_s: how long a new hand is looked for on every frame before it is trusted.
        lose_after_s: how long a hand that is not seen keeps its number.
        sure_margin: by how much a hand's score must exceed the least one, on average over `sure_s`, before it is told;
            half of that keeps it told. A thing that is taken for a hand scores little above the least, again and again.
        rates: how often a task may run, in Hz, by the name of its model; in between its last answer stands.
        smooth_hz, smooth_hz_per_speed, speed_hz: One-Euro filter of boxes and keypoints: the cutoff at rest, what
            speed adds to it, and the cutoff of speed itself; a `smooth_hz` of None leaves them as they are.
        vote_s, handedness_vote_s: how long an answer counts in the vote of labels, and in that of left or right.
    """

    detect_every_s: float = Field(default=0.25, ge=0, le=60)
    search_every_s: float = Field(default=0.1, ge=0, le=60)
    confirm_s: float = Field(default=0.1, ge=0, le=10)
    lose_after_s: float = Field(default=0.3, gt=0, le=10)
    sure_margin: float = Field(default=0.08, ge=0, le=1)
    sure_s: float = Field(default=0.3, gt=0, le=10)
    rates: dict[str, PositiveFloat] = Field(default_factory=dict)
    smooth_hz: float | None = Field(default=1.0, gt=0, le=1000)
    smooth_hz_per_speed: float = Field(default=10.0, ge=0, le=1000)
    speed_hz: float = Field(default=1.0, gt=0, le=1000)
    vote_s: float = Field(default=0.15, gt=0, le=60)
    handedness_vote_s: float = Field(default=1.0, gt=0, le=60)
