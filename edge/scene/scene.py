# SPDX-License-Identifier: Apache-2.0
"""`Scene`: people who make gestures before a camera, as a function of time alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge import _native
from edge.scene.appearance import Lamp, Look, random_lamp, random_look
from edge.scene.arm import FOREARM_MM, Arm, elbow_between
from edge.scene.background import procedural_background
from edge.scene.body import SHOULDER_MM, Body, random_body
from edge.scene.flesh import Handedness, HandPose
from edge.scene.motion import Wander, posture_at, random_wander
from edge.scene.painter import Backdrop, PaintedHand, Picture, backdrop_from_picture, default_lens, draw_body, painted
from edge.scene.skeleton import HAND_LENGTH_MM, FloatArray, HandShape, random_shape
from edge.scene.truth import Lens, SceneFrame

MOST_HANDS = 16
_SPAN = 0.36  # an outstretched hand, in parts of the shorter side of the picture
_TRUNK_BEHIND_MM = 330.0


@dataclass(frozen=True, slots=True, eq=False)
class _Actor:
    """One moving hand: `home_mm` (3,) is the middle of its path in camera space."""

    number: int
    shape: HandShape
    look: Look
    handedness: Handedness
    home_mm: FloatArray
    path: Wander
    shoulder_mm: FloatArray
    cuff_mm: float


class Scene:
    """Moving hands with exact truth; frames depend on the settings and the time, not on what was rendered before.

    Args:
        width_px, height_px: size of the pictures.
        hands: how many, 0 to 16; two belong to one person.
        seed: people, clothes, light, background, gestures and paths.
        fps: rate at which sensor noise changes.
        noise: standard deviation of the sensor noise, 0..255 units.

    Raises:
        ValueError: a setting out of range.
    """

    def __init__(
        self,
        width_px: int = 640,
        height_px: int = 480,
        *,
        hands: int = 2,
        seed: int = 0,
        fps: float = 30.0,
        noise: float = 2.0,
    ) -> None:
        if not (1 <= width_px <= 16384 and 1 <= height_px <= 16384):
            raise ValueError(f"a scene must be 1 to 16384 pixels wide and high, got {width_px}x{height_px}")
        if not 0 <= hands <= MOST_HANDS:
            raise ValueError(f"a scene has 0 to {MOST_HANDS} hands, got {hands}")
        if not (fps > 0 and 0 <= noise <= 64 and seed >= 0):
            raise ValueError(f"fps must be above 0, noise 0 to 64, seed 0 or more, got {fps}, {noise}, {seed}")
        self.width_px, self.height_px, self.fps = width_px, height_px, fps
        self._seed, self._noise = seed, noise
        rng = np.random.default_rng([0x5CE1E, seed])
        self._lens = default_lens(width_px, height_px)
        self._lamp = random_lamp(rng)
        self._actors, bodies = _cast(rng, self._lens, hands)
        picture = procedural_background(rng, width_px, height_px)
        self._backdrop = _peopled(picture, bodies, self._lamp, self._lens)

    def __repr__(self) -> str:
        return f"Scene({self.width_px}x{self.height_px}, hands={len(self._actors)}, seed={self._seed})"

    def render(self, time_s: float) -> SceneFrame:
        """Return the picture and its truth at a time, seconds from 0."""
        hands = [self._hand(actor, time_s) for actor in self._actors]
        frame = painted(self._backdrop, hands, self._lamp, self._lens)
        if self._noise > 0:
            _native.add_grain(frame.bgr, self._noise, (round(time_s * self.fps) + 7919 * self._seed) % 2**32)
        return frame

    def _hand(self, actor: _Actor, time_s: float) -> PaintedHand:
        posture = posture_at(time_s, seed=self._seed, hand=actor.number)
        moved = actor.path.at(time_s)
        pose = HandPose(
            angles_deg=posture.angles_deg,
            yaw_deg=posture.yaw_deg + float(moved[3]),
            pitch_deg=posture.pitch_deg + float(moved[4]),
            roll_deg=posture.roll_deg + float(moved[5]),
            centre_mm=actor.home_mm + moved[:3],
            handedness=actor.handedness,
        )
        wrist = pose.wrist_mm(actor.shape)
        hanging = -pose.view()[:, 1] + [0.0, 0.6, 0.1]
        wanted = wrist + hanging / np.linalg.norm(hanging) * FOREARM_MM
        arm = Arm(
            elbow_mm=elbow_between(wrist, actor.shoulder_mm, wanted, actor.shape.scale),
            shoulder_mm=actor.shoulder_mm,
            cuff_mm=actor.cuff_mm,
            looseness=1.1,
        )
        return PaintedHand(actor.shape, pose, arm, actor.look, posture.name)


def _cast(rng: np.random.Generator, lens: Lens, hands: int) -> tuple[list[_Actor], list[Body]]:
    """Return the moving hands and the people they belong to, side by side."""
    people = max(1, (hands + 1) // 2)
    width_px, height_px = 2 * lens.centre_x_px, 2 * lens.centre_y_px
    span_px = _SPAN * min(width_px / people**0.85, height_px)
    z = lens.focal_px * HAND_LENGTH_MM / span_px
    actors: list[_Actor] = []
    bodies = []
    for person in range(people):
        middle_px = width_px * ((person + 0.5) / people - 0.5)
        look, shape = random_look(rng), random_shape(rng)
        cuff_mm = float(rng.uniform(15, 160) if rng.uniform() < 0.6 else 300.0)
        behind = z + _TRUNK_BEHIND_MM
        head = np.array([middle_px / lens.focal_px * behind, -0.27 * height_px / lens.focal_px * behind, behind])
        body = random_body(rng, head, look)
        bodies.append(body)
        for side in (-1.0, 1.0)[: hands - 2 * person]:
            home = np.array([(middle_px + side * 0.95 * span_px) / lens.focal_px * z, 0.0, z - 30 * side])
            reach = np.array(
                [0.62 * span_px / lens.focal_px * z, 0.5 * span_px / lens.focal_px * z, 0.16 * z, 14, 8, 12]
            )
            shoulder = head + SHOULDER_MM * [side, 1.0, 1.0] * body.scale
            handedness: Handedness = "right" if side < 0 else "left"
            path = random_wander(rng, reach)
            actors.append(_Actor(len(actors), shape, look, handedness, home, path, shoulder, cuff_mm))
    return actors, bodies


def _peopled(picture: Picture, bodies: list[Body], lamp: Lamp, lens: Lens) -> Backdrop:
    import cv2

    backdrop = backdrop_from_picture(picture)
    for body in bodies:
        draw_body(backdrop, body, lamp, lens)
    soft = cv2.GaussianBlur(backdrop.bgr, (0, 0), max(0.3, 0.0012 * max(picture.shape[:2])))
    return Backdrop(np.ascontiguousarray(soft, np.uint8), backdrop.depth_mm)
