# SPDX-License-Identifier: Apache-2.0
"""A blurred somebody in the background, without hands: clothes, neck, face and hair, so that skin alone is no hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge.scene.appearance import random_cloth, random_look


def draw_person(rng: np.random.Generator, canvas: npt.NDArray[np.float32]) -> None:
    """Paint one person into a picture (H, W, 3) float32 BGR 0..255, in place."""
    import cv2

    height, width = canvas.shape[:2]
    head = height * rng.uniform(0.06, 0.22)
    x, y = width * rng.uniform(0.15, 0.85), height * rng.uniform(0.1, 0.5)
    skin = 255 * np.clip(random_look(rng).back[::-1], 0, 1) ** (1 / 2.2)
    cloth, hair = random_cloth(rng)[::-1], rng.uniform(5, 110) * np.array([0.6, 0.8, 1.0])
    layer = canvas.copy()

    def blob(dx: float, dy: float, rx: float, ry: float, colour: npt.NDArray[np.float64]) -> None:
        centre = (int(x + dx * head), int(y + dy * head))
        axes = (max(1, int(rx * head)), max(1, int(ry * head)))
        cv2.ellipse(layer, centre, axes, 0, 0, 360, colour.tolist(), -1, cv2.LINE_AA)

    body = np.array([[-2.1, 2.4], [-0.7, 1.5], [0.7, 1.5], [2.1, 2.4], [2.5, 9.0], [-2.5, 9.0]]) * head + [x, y]
    blob(0, -0.15, 0.98, 1.22, hair)
    blob(0, 1.1, 0.42, 0.9, skin * 0.85)
    cv2.fillPoly(layer, [body.astype(np.int32)], cloth.tolist(), cv2.LINE_AA)
    blob(0, 0.1, 0.8, 1.05, skin)
    blob(0, -0.75, 0.78, 0.42, hair)
    for side in (-1, 1):
        blob(0.32 * side, -0.05, 0.13, 0.07, np.array([60.0, 55, 55]))
        blob(0.32 * side, -0.22, 0.18, 0.05, hair * 0.8)
        blob(0.45 * side, 0.35, 0.2, 0.15, skin * np.array([0.93, 0.93, 1.03]))
    blob(0, 0.22, 0.11, 0.2, skin * 0.93)
    blob(0, 0.58, 0.28, 0.08, skin * np.array([0.65, 0.6, 0.85]))
    shade = np.linspace(1.12, 0.8, width, dtype=np.float32)[:: int(rng.choice([-1, 1]))]
    changed = np.any(layer != canvas, axis=2, keepdims=True)
    shaded = np.where(changed, layer * shade[None, :, None], layer)
    canvas[:] = cv2.GaussianBlur(shaded, (0, 0), float(max(0.6, head * rng.uniform(0.02, 0.08))))
