# SPDX-License-Identifier: Apache-2.0
"""Who is in a still picture: random hands, the people they belong to, bystanders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge.scene.appearance import random_look
from edge.scene.arm import FOREARM_MM, UPPER_ARM_MM, Arm, elbow_between
from edge.scene.body import SHOULDER_MM, Body, random_body
from edge.scene.flesh import Handedness, HandPose
from edge.scene.gestures import GESTURE_NAMES, random_gesture
from edge.scene.painter import PaintedHand
from edge.scene.skeleton import HAND_LENGTH_MM, FloatArray, HandShape, random_shape, rotation_about
from edge.scene.truth import Lens

_LEAST_SPAN, _GREATEST_SPAN = 0.04, 0.80
_PLACING_TRIES = 12
_BODY_CHANCE, _BYSTANDER_CHANCE = 0.65, 0.15
# Hands smaller than this part of the height never come without somebody.
_ALONE_FROM = 0.15
_LEAST_BODY_DEPTH_MM = 450.0


def _arm_towards(rng: np.random.Generator, pose: HandPose, shape: HandShape, shoulder_mm: FloatArray | None) -> Arm:
    """Return an arm that leaves the wrist about straight; to a shoulder above and behind where none is given."""
    wrist = pose.wrist_mm(shape)
    flexion, deviation = np.clip(rng.normal(-8, 16), -50, 45), np.clip(rng.normal(0, 9), -22, 22)
    bent = rotation_about(0, -flexion) @ rotation_about(2, deviation)
    elbow = wrist - pose.view() @ bent[:, 1] * FOREARM_MM * shape.scale
    if shoulder_mm is None:
        outward = 1.0 if pose.handedness == "left" else -1.0
        up = rng.normal([-0.25 * outward, -0.75, 0.55], [0.25, 0.3, 0.25])
        shoulder_mm = elbow + up / np.linalg.norm(up) * UPPER_ARM_MM * shape.scale
        shoulder_mm[2] = max(shoulder_mm[2], pose.centre_mm[2] + rng.uniform(200, 330))
    return Arm(
        elbow_mm=elbow_between(wrist, shoulder_mm, elbow, shape.scale),
        shoulder_mm=shoulder_mm,
        cuff_mm=float(rng.uniform(12, 190) if rng.uniform() < 0.6 else 300.0),
        looseness=float(rng.uniform(0.95, 1.3)),
    )


def _arm_from_outside(rng: np.random.Generator, arm: Arm) -> Arm:
    """Return the arm going on, about straight, until it is likely to leave the picture."""
    gap = arm.shoulder_mm - arm.elbow_mm
    downward = np.array([rng.normal(0, 0.6), 1.0, rng.uniform(-0.1, 0.4)])
    far = arm.elbow_mm + downward / np.linalg.norm(downward) * 4 * np.linalg.norm(gap)
    far[2] = max(far[2], 0.7 * arm.elbow_mm[2])
    return replace(arm, shoulder_mm=far)


def random_hand(
    rng: np.random.Generator, lens: Lens, *, centre_px: tuple[float, float], span_px: float, gesture: str | None = None
) -> PaintedHand:
    """Return somebody's hand at `centre_px`, about `span_px` long when outstretched; any gesture when None."""
    shape = random_shape(rng)
    z = lens.focal_px * HAND_LENGTH_MM * shape.scale / span_px
    x = (centre_px[0] - lens.centre_x_px) / lens.focal_px * z
    y = (centre_px[1] - lens.centre_y_px) / lens.focal_px * z
    name = gesture or str(rng.choice(GESTURE_NAMES))
    pose = _random_pose(rng, name, np.array([x, y, z]), "left" if rng.uniform() < 0.5 else "right")
    return PaintedHand(shape, pose, _arm_towards(rng, pose, shape, None), random_look(rng), name)


def _random_pose(rng: np.random.Generator, name: str, centre_mm: FloatArray, handedness: Handedness) -> HandPose:
    made = random_gesture(rng, name)
    view = made.view
    return HandPose(made.angles_deg, view.yaw_deg, view.pitch_deg, view.roll_deg, centre_mm, handedness)


def _other_hand(rng: np.random.Generator, hand: PaintedHand, body: Body) -> PaintedHand:
    """Return the other hand of the same person, before the trunk."""
    handedness: Handedness = "left" if hand.pose.handedness == "right" else "right"
    shoulder = body.shoulder_mm(1.0 if handedness == "left" else -1.0)
    reach = rng.uniform(0, 1, 3) * [520, 580, 200] - [260, 260, 430]
    name = hand.gesture if rng.uniform() < 0.3 else str(rng.choice(GESTURE_NAMES))
    pose = _random_pose(rng, name, shoulder + reach * body.scale, handedness)
    arm = replace(_arm_towards(rng, pose, hand.shape, shoulder), cuff_mm=hand.arm.cuff_mm, looseness=hand.arm.looseness)
    return PaintedHand(hand.shape, pose, arm, hand.look, name)


def _places(rng: np.random.Generator, width_px: int, height_px: int, hands: int) -> list[tuple[float, float, float]]:
    """Return centre x, centre y and span in pixels of each hand; mostly apart, sometimes cut by the border."""
    crowd = 1.0 if hands <= 1 else 1.2 / np.sqrt(hands)
    greatest = max(_GREATEST_SPAN * min(1.0, crowd), 2 * _LEAST_SPAN)
    common = np.exp(rng.uniform(np.log(_LEAST_SPAN), np.log(greatest)))
    found: list[tuple[float, float, float]] = []
    for _ in range(hands):
        for attempt in range(_PLACING_TRIES):
            span = float(np.clip(common * np.exp(rng.normal(0, 0.3)), _LEAST_SPAN, greatest)) * height_px
            inset = span * (rng.uniform(-0.15, 0.2) if rng.uniform() < 0.2 else 0.45)
            x = rng.uniform(min(inset, width_px - inset), max(inset, width_px - inset))
            y = rng.uniform(min(inset, height_px - inset), max(inset, height_px - inset))
            if _is_free(x, y, span, found) or (attempt == _PLACING_TRIES - 1 and not found):
                found.append((x, y, span))
                break
    return found


def _is_free(x: float, y: float, span: float, others: list[tuple[float, float, float]]) -> bool:
    """Return whether a hand fits: apart from the others, or overlapping one at another depth."""
    for x2, y2, span2 in others:
        gap = np.hypot(x - x2, y - y2)
        at_other_depth = max(span, span2) > 1.5 * min(span, span2) and gap > 0.35 * max(span, span2)
        if gap <= 0.5 * (span + span2) and not at_other_depth:
            return False
    return True


def _body_behind(rng: np.random.Generator, hand: PaintedHand) -> Body | None:
    """Return whose hand it is, unless that person would be too near to the camera."""
    side = -1.0 if hand.pose.handedness == "right" else 1.0
    body = random_body(rng, np.zeros(3), hand.look)
    head = hand.arm.shoulder_mm - SHOULDER_MM * [side, 1.0, 1.0] * body.scale
    return replace(body, head_mm=head) if head[2] > _LEAST_BODY_DEPTH_MM else None


def _bystander(rng: np.random.Generator, lens: Lens, width_px: int, height_px: int) -> Body:
    z = float(np.exp(rng.uniform(np.log(900), np.log(5000))))
    aside = rng.uniform(-0.45, 0.45) * width_px, rng.uniform(-0.35, 0.1) * height_px
    return random_body(rng, np.array([*aside, lens.focal_px]) * z / lens.focal_px, random_look(rng))


def _in_place(hand: PaintedHand, others: Sequence[PaintedHand], lens: Lens, width_px: int, height_px: int) -> bool:
    """Return whether the middle of the hand is in the picture and no other hand is there at the same depth."""
    x, y = lens.projected(hand.pose.centre_mm)
    if hand.pose.centre_mm[2] < 200 or not (0 < x < width_px and 0 < y < height_px):
        return False
    gaps = [np.linalg.norm(hand.pose.centre_mm - other.pose.centre_mm) for other in others]
    return all(gap > 0.8 * HAND_LENGTH_MM for gap in gaps)


def random_cast(
    rng: np.random.Generator, lens: Lens, width_px: int, height_px: int, hands: int
) -> tuple[list[PaintedHand], list[Body]]:
    """Return up to `hands` hands and the people they belong to, those furthest away first."""
    drawn: list[PaintedHand] = []
    bodies: list[Body] = []
    for x, y, span in _places(rng, width_px, height_px, hands):
        if len(drawn) == hands:
            break
        hand = random_hand(rng, lens, centre_px=(x, y), span_px=span)
        body = _body_behind(rng, hand) if rng.uniform() < _BODY_CHANCE or span < _ALONE_FROM * height_px else None
        if body is None:
            drawn.append(replace(hand, arm=_arm_from_outside(rng, hand.arm)))
            continue
        drawn.append(hand)
        bodies.append(body)
        other = _other_hand(rng, hand, body)
        if len(drawn) < hands and rng.uniform() < 0.6 and _in_place(other, drawn, lens, width_px, height_px):
            drawn.append(other)
    nearest = max((float(hand.pose.centre_mm[2]) for hand in drawn), default=0.0)
    if rng.uniform() < _BYSTANDER_CHANCE:
        bodies += [body for body in [_bystander(rng, lens, width_px, height_px)] if body.head_mm[2] > nearest + 300]
    return drawn, sorted(bodies, key=lambda body: -body.head_mm[2])
