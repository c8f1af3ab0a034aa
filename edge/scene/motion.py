# SPDX-License-Identifier: Apache-2.0
"""How a hand moves: gestures one after the other and a smooth path, both functions of time alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from edge.gesture import NO_GESTURE
from edge.scene.gestures import GESTURE_NAMES, Gesture, View, random_gesture
from edge.scene.skeleton import FloatArray

GESTURE_S = 2.0
_CHANGE_S = 0.6
# A gesture that has come this far counts as made; before, it is none.
_MADE = 0.85
_WAVES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Wander:
    """A smooth path around 0: `amplitudes`, `frequencies_hz` and `phases` (D, 3) of the sines of each coordinate."""

    amplitudes: FloatArray
    frequencies_hz: FloatArray
    phases: FloatArray

    def __repr__(self) -> str:
        return f"Wander(dimensions={len(self.amplitudes)})"

    def at(self, time_s: float) -> FloatArray:
        """Return the place (D,) at a time."""
        waves = np.sin(2 * np.pi * self.frequencies_hz * time_s + self.phases)
        return np.asarray((self.amplitudes * waves).sum(axis=1))


def random_wander(rng: np.random.Generator, reach: FloatArray) -> Wander:
    """Return a path whose coordinates stay within `reach` (D,) of 0; a round takes three seconds or more."""
    share = np.array([0.55, 0.3, 0.15])
    return Wander(
        amplitudes=reach[:, None] * share,
        frequencies_hz=rng.uniform([0.04, 0.10, 0.2], [0.10, 0.2, 0.33], (len(reach), _WAVES)),
        phases=rng.uniform(0, 2 * np.pi, (len(reach), _WAVES)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Posture:
    """What a hand does at one time: joint angles (5, 4), orientation in degrees, and the name it deserves."""

    angles_deg: FloatArray
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    name: str

    def __repr__(self) -> str:
        return f"Posture({self.name!r})"


@lru_cache(maxsize=256)
def _gesture_number(seed: int, hand: int, number: int) -> Gesture:
    """Return the gesture a hand makes as its `number`-th; every 19 of them are all there are."""
    total = len(GESTURE_NAMES)
    order = np.random.default_rng([seed, hand, number // total, 1]).permutation(total)
    rng = np.random.default_rng([seed, hand, number, 2])
    made = random_gesture(rng, GESTURE_NAMES[order[number % total]])
    if made.name == NO_GESTURE:
        # A resting hand hangs about upright here, so that the arm can follow.
        return replace(made, views=(View(30 * np.sin(made.view.yaw_deg), 0.0, 20 * np.sin(made.view.roll_deg)),))
    return made


def posture_at(time_s: float, *, seed: int, hand: int) -> Posture:
    """Return what hand number `hand` does at a time: a gesture for about two seconds, then the next."""
    shifted = time_s / GESTURE_S + 0.37 * hand + 1.0
    number = int(np.floor(shifted))
    into_s = (shifted - number) * GESTURE_S
    before, after = _gesture_number(seed, hand, max(number - 1, 0)), _gesture_number(seed, hand, max(number, 0))
    t = float(np.clip(into_s / _CHANGE_S, 0.0, 1.0))
    mix = t * t * t * (t * (6 * t - 15) + 10)
    name = after.name if mix >= _MADE else (before.name if mix <= 1 - _MADE else NO_GESTURE)
    old, new = before.view, after.view
    return Posture(
        angles_deg=before.angles_deg * (1 - mix) + after.angles_deg * mix,
        yaw_deg=old.yaw_deg * (1 - mix) + new.yaw_deg * mix,
        pitch_deg=old.pitch_deg * (1 - mix) + new.pitch_deg * mix,
        roll_deg=old.roll_deg * (1 - mix) + new.roll_deg * mix,
        name=name,
    )
