# SPDX-License-Identifier: Apache-2.0
"""The gestures a rendered hand can make: HaGRID v1's 18 and `no_gesture`, as joint angles and an orientation.

Yaw turns a right hand about its length (0: palm to the camera, 180: back), pitch nods it, roll turns it in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from edge.scene.skeleton import FloatArray

# Fingers: knuckle flexion, abduction towards the thumb, middle joint, last joint, in degrees.
_STRAIGHT = {
    "index": (4, 6, 6, 3),
    "middle": (3, 0, 6, 3),
    "ring": (4, -6, 7, 4),
    "pinky": (5, -13, 8, 4),
}
_CURLED = {
    "index": (76, 0, 104, 62),
    "middle": (82, 0, 104, 62),
    "ring": (84, 0, 104, 60),
    "pinky": (82, 2, 100, 56),
}
# Spread, elevation, flexion of both joints; those that touch a finger were fitted to touch it on the mean hand.
_THUMB = {
    "out": (60, 6, 0, 0),
    "open": (46, 14, 6, 6),
    "beside": (24, 10, 8, 4),
    "up": (54, 4, 0, -14),
    "across_palm": (10, 40, 52, 58),
    "over_index": (28, 54, 42, 36),
    "over_middle": (13, 57, 43, 32),
    "on_ring": (16, 65, 59, 22),
    "on_pinky": (-5, 62, 60, 22),
    "ring_with_index": (21, 23, 23, 0),
}
_FINGERS = ("index", "middle", "ring", "pinky")


@dataclass(frozen=True, slots=True)
class Gesture:
    """A gesture's canonical pose: `angles_deg` (5, 4) float64, the orientation of a right hand and how far it may vary."""

    name: str
    angles_deg: FloatArray
    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    yaw_range_deg: float
    roll_range_deg: float
    extended: tuple[bool, bool, bool, bool, bool]

    def __repr__(self) -> str:
        return f"Gesture({self.name!r})"


def _gesture(
    name: str,
    straight: str,
    thumb: str,
    *,
    bent: dict[str, tuple[float, float, float, float]] | None = None,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
    yaw_range: float = 30.0,
    roll_range: float = 22.0,
) -> Gesture:
    up = straight.split()
    rows = [_THUMB[thumb]]
    rows += [(bent or {}).get(f) or (_STRAIGHT[f] if f in up else _CURLED[f]) for f in _FINGERS]
    reach = (thumb in ("out", "open", "up"), *(f in up for f in _FINGERS))
    return Gesture(name, np.array(rows, np.float64), yaw, pitch, roll, yaw_range, roll_range, reach)  # type: ignore[arg-type]


_TOGETHER = {"index": (4, -3, 4, 2), "middle": (2, 0, 4, 2), "ring": (4, 3, 4, 2), "pinky": (6, 6, 5, 3)}
_TWO_TOGETHER = {"index": (4, -3, 4, 2), "middle": (3, 3, 4, 2)}
_VICTORY = {"index": (2, 13, 4, 2), "middle": (2, -11, 4, 2)}
_ALL = "index middle ring pinky"

_TABLE = (
    _gesture("call", "pinky", "out", bent={"pinky": (10, -24, 6, 4)}, roll=0, yaw_range=35, roll_range=45),
    _gesture("dislike", "", "up", roll=-95, yaw=-5, pitch=22, yaw_range=40, roll_range=20),
    _gesture("fist", "", "over_index", yaw_range=30),
    _gesture("four", _ALL, "across_palm"),
    _gesture("like", "", "up", roll=-85, yaw=185, pitch=22, yaw_range=50, roll_range=20),
    _gesture("mute", "index", "over_middle", bent={"index": (6, 0, 6, 4)}, yaw=125, yaw_range=45, roll_range=12),
    _gesture(
        "ok",
        "middle ring pinky",
        "ring_with_index",
        bent={"index": (35, 1, 62, 44), "middle": (16, 0, 14, 8), "ring": (8, -6, 10, 6), "pinky": (2, -16, 8, 4)},
        yaw=38,
        yaw_range=20,
    ),
    _gesture("one", "index", "over_middle"),
    _gesture("palm", _ALL, "open"),
    _gesture("peace", "index middle", "on_ring", bent=_VICTORY),
    _gesture("peace_inverted", "index middle", "on_ring", bent=_VICTORY, yaw=180),
    _gesture("rock", "index pinky", "over_middle", bent={"pinky": (6, -10, 6, 4)}),
    _gesture("stop", _ALL, "beside", bent=_TOGETHER),
    _gesture("stop_inverted", _ALL, "beside", bent=_TOGETHER, yaw=180),
    _gesture("three", "index middle ring", "on_pinky"),
    _gesture("three2", "index middle", "out", bent=_VICTORY),
    _gesture("two_up", "index middle", "on_ring", bent=_TWO_TOGETHER),
    _gesture("two_up_inverted", "index middle", "on_ring", bent=_TWO_TOGETHER, yaw=180),
)

GESTURES = MappingProxyType({gesture.name: gesture for gesture in _TABLE})
NO_GESTURE = "no_gesture"
GESTURE_NAMES: tuple[str, ...] = (*GESTURES, NO_GESTURE)

_RELAXED = np.array([[38, 24, 14, 14], [22, 3, 30, 16], [28, 0, 34, 18], [32, -3, 36, 18], [34, -8, 34, 18]], np.float64)
_CLAW = np.array([[48, 34, 24, 30], [12, 8, 58, 34], [14, 0, 60, 36], [16, -7, 60, 36], [16, -14, 56, 34]], np.float64)
_HALF = np.array([[30, 44, 22, 20], [56, 2, 34, 18], [58, 0, 36, 18], [60, -3, 36, 18], [60, -6, 34, 18]], np.float64)


def random_gesture(rng: np.random.Generator, name: str) -> Gesture:
    """Return the named gesture as one person makes it once; `no_gesture` is any relaxed, clawed or half-open hand."""
    if name == NO_GESTURE:
        return _random_rest(rng)
    if name not in GESTURES:
        raise ValueError(f"gesture must be one of {', '.join(GESTURE_NAMES)}, got {name!r}")
    known = GESTURES[name]
    # Fingers that touch stay together; those that stand free vary more.
    freedom = np.where(known.extended, 1.5, 0.5)[:, None]
    angles = known.angles_deg + rng.normal(0.0, 1.0, (5, 4)) * np.array([2.5, 1.2, 2.5, 2.0]) * freedom
    return Gesture(
        name,
        angles,
        known.yaw_deg + rng.uniform(-1, 1) * known.yaw_range_deg,
        known.pitch_deg + rng.normal(0.0, 11.0),
        known.roll_deg + rng.uniform(-1, 1) * known.roll_range_deg,
        known.yaw_range_deg,
        known.roll_range_deg,
        known.extended,
    )


def _random_rest(rng: np.random.Generator) -> Gesture:
    weights = rng.dirichlet([0.7, 0.7, 0.7])
    angles = weights[0] * _RELAXED + weights[1] * _CLAW + weights[2] * _HALF
    angles = angles + rng.normal(0.0, 5.0, (5, 4)) * np.array([1.0, 0.4, 1.0, 0.6])
    return Gesture(
        NO_GESTURE,
        angles,
        rng.uniform(-180, 180),
        rng.normal(0.0, 25.0),
        rng.uniform(-180, 180),
        180.0,
        180.0,
        (False,) * 5,
    )
