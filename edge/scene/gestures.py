# SPDX-License-Identifier: Apache-2.0
"""The gestures a rendered hand can make: HaGRID v1's 18 and `no_gesture`, as joint angles and orientations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from edge.gesture import NO_GESTURE
from edge.scene.skeleton import FloatArray

_Angles = tuple[float, float, float, float]

# Fingers: knuckle flexion, abduction towards the thumb, middle joint, last joint, in degrees.
_STRAIGHT: Mapping[str, _Angles] = {
    "index": (4, 6, 6, 3),
    "middle": (3, 0, 6, 3),
    "ring": (4, -6, 7, 4),
    "pinky": (5, -13, 8, 4),
}
_CURLED: Mapping[str, _Angles] = {
    "index": (86, 0, 108, 72),
    "middle": (88, 0, 110, 72),
    "ring": (88, 0, 106, 72),
    "pinky": (86, 2, 104, 66),
}
# Spread, elevation, flexion of both joints; those that touch a finger were fitted to touch it on the mean hand.
_THUMB: Mapping[str, _Angles] = {
    "out": (60, 6, 0, 0),
    "open": (46, 14, 6, 6),
    "beside": (24, 10, 8, 4),
    "up": (54, 4, 0, -14),
    "across_palm": (10, 40, 52, 58),
    "over_index": (32, 56, 47, 41),
    "over_middle": (15, 59, 51, 24),
    "on_ring": (10, 65, 53, 38),
    "on_pinky": (-5, 64, 60, 27),
    "ring_with_index": (21, 23, 23, 0),
}
_FINGERS = ("index", "middle", "ring", "pinky")
_REACHING_THUMBS = ("out", "open", "up")


@dataclass(frozen=True, slots=True)
class View:
    """How a right hand is turned, in degrees; a left hand is the mirror image.

    Yaw turns it about its length (0: palm to the camera, 180: back), pitch nods its fingertips towards the camera, roll
    turns it against the clock in the picture (0: fingers up).
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Gesture:
    """A gesture: joint angles, the views it is shown in, how far those vary, and which fingers are stretched out.

    `angles_deg` is (5, 4) float64, rows thumb to pinky, as `skeleton.posed` takes them.
    """

    name: str
    angles_deg: FloatArray
    views: tuple[View, ...]
    yaw_range_deg: float
    roll_range_deg: float
    extended: tuple[bool, ...]

    def __repr__(self) -> str:
        return f"Gesture({self.name!r})"

    @property
    def view(self) -> View:
        """The usual view."""
        return self.views[0]


def _gesture(
    name: str,
    straight: str,
    thumb: str,
    *views: View,
    bent: Mapping[str, _Angles] = MappingProxyType({}),
    yaw_range: float = 30.0,
    roll_range: float = 22.0,
) -> Gesture:
    up = straight.split()
    rows = [_THUMB[thumb]] + [bent.get(f) or (_STRAIGHT[f] if f in up else _CURLED[f]) for f in _FINGERS]
    extended = (thumb in _REACHING_THUMBS, *(f in up for f in _FINGERS))
    return Gesture(name, np.array(rows, np.float64), views or (View(),), yaw_range, roll_range, extended)


_ALL = "index middle ring pinky"
_TOGETHER: Mapping[str, _Angles] = {
    "index": (4, -3, 4, 2),
    "middle": (2, 0, 4, 2),
    "ring": (4, 3, 4, 2),
    "pinky": (6, 6, 5, 3),
}
_TWO_TOGETHER: Mapping[str, _Angles] = {"index": (4, -3, 4, 2), "middle": (3, 3, 4, 2)}
_VICTORY: Mapping[str, _Angles] = {"index": (2, 13, 4, 2), "middle": (2, -11, 4, 2)}
_RING: Mapping[str, _Angles] = {
    "index": (35, 1, 62, 44),
    "middle": (16, 0, 14, 8),
    "ring": (8, -6, 10, 6),
    "pinky": (2, -16, 8, 4),
}
_CALL: Mapping[str, _Angles] = {"pinky": (10, -24, 6, 4)}
_HORNS: Mapping[str, _Angles] = {"pinky": (6, -10, 6, 4)}
_BACK = View(yaw_deg=180)
_UP, _DOWN = View(185, 22, -85), View(-5, 22, -95)

_TABLE = (
    _gesture("call", "pinky", "out", View(), View(180, 10, -60), bent=_CALL, yaw_range=30, roll_range=35),
    _gesture("dislike", "", "up", _DOWN, yaw_range=40, roll_range=20),
    _gesture("fist", "", "over_index"),
    _gesture("four", _ALL, "across_palm"),
    _gesture("like", "", "up", _UP, yaw_range=45, roll_range=20),
    _gesture("mute", "index", "over_middle", View(125), yaw_range=45, roll_range=12),
    _gesture("ok", "middle ring pinky", "ring_with_index", View(38), bent=_RING, yaw_range=20),
    _gesture("one", "index", "over_middle"),
    _gesture("palm", _ALL, "open"),
    _gesture("peace", "index middle", "on_ring", bent=_VICTORY),
    _gesture("peace_inverted", "index middle", "on_ring", _BACK, bent=_VICTORY),
    _gesture("rock", "index pinky", "over_middle", bent=_HORNS),
    _gesture("stop", _ALL, "beside", bent=_TOGETHER),
    _gesture("stop_inverted", _ALL, "beside", _BACK, bent=_TOGETHER),
    _gesture("three", "index middle ring", "on_pinky"),
    _gesture("three2", "index middle", "out", bent=_VICTORY),
    _gesture("two_up", "index middle", "on_ring", bent=_TWO_TOGETHER),
    _gesture("two_up_inverted", "index middle", "on_ring", _BACK, bent=_TWO_TOGETHER),
)

GESTURES: Mapping[str, Gesture] = MappingProxyType({gesture.name: gesture for gesture in _TABLE})
GESTURE_NAMES: tuple[str, ...] = (*GESTURES, NO_GESTURE)

# Relaxed, clawed and half closed: a hand that means nothing is somewhere between.
_RESTING = np.array(
    [
        [[38, 24, 14, 14], [22, 3, 30, 16], [28, 0, 34, 18], [32, -3, 36, 18], [34, -8, 34, 18]],
        [[48, 34, 24, 30], [12, 8, 58, 34], [14, 0, 60, 36], [16, -7, 60, 36], [16, -14, 56, 34]],
        [[30, 44, 22, 20], [56, 2, 34, 18], [58, 0, 36, 18], [60, -3, 36, 18], [60, -6, 34, 18]],
    ],
    np.float64,
)


def random_gesture(rng: np.random.Generator, name: str) -> Gesture:
    """Return the named gesture as one person makes it once, in one view; `no_gesture` is any resting hand.

    Raises ValueError for an unknown name.
    """
    if name == NO_GESTURE:
        return _random_rest(rng)
    if name not in GESTURES:
        raise ValueError(f"gesture must be one of {', '.join(GESTURE_NAMES)}, got {name!r}")
    known = GESTURES[name]
    # Fingers that touch stay together; those that stand free vary more.
    freedom = np.where(known.extended, 1.5, 0.5)[:, None]
    angles = known.angles_deg + rng.normal(0.0, 1.0, (5, 4)) * np.array([2.5, 1.2, 2.5, 2.0]) * freedom
    usual = known.views[int(rng.integers(len(known.views)))]
    view = View(
        usual.yaw_deg + rng.uniform(-1, 1) * known.yaw_range_deg,
        usual.pitch_deg + rng.normal(0.0, 11.0),
        usual.roll_deg + rng.uniform(-1, 1) * known.roll_range_deg,
    )
    return replace(known, angles_deg=angles, views=(view,))


def _random_rest(rng: np.random.Generator) -> Gesture:
    angles = np.tensordot(rng.dirichlet([0.7, 0.7, 0.7]), _RESTING, 1)
    angles = angles + rng.normal(0.0, 5.0, (5, 4)) * np.array([1.0, 0.4, 1.0, 0.6])
    view = View(rng.uniform(-180, 180), rng.normal(0.0, 25.0), rng.uniform(-180, 180))
    return Gesture(NO_GESTURE, angles, (view,), 180.0, 180.0, (False,) * 5)
