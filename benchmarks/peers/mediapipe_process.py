# SPDX-License-Identifier: Apache-2.0
"""Run MediaPipe Hands in an interpreter of its own: it pins an older numpy than ours.

Reads one picture path a line, answers one JSON line: {"width_px": int, "height_px": int, "hands": [{"score": float,
"points_xy": [[x, y] * 21]}]}, with null for the hands of a picture that cannot be read.
"""

import importlib.metadata
import json
import sys
from typing import Any

import cv2
import mediapipe


def main() -> None:
    """Answer until the input ends; the first line out states the version."""
    hands = mediapipe.solutions.hands.Hands(
        static_image_mode=True, max_num_hands=10, model_complexity=1, min_detection_confidence=0.5
    )
    answer({"version": importlib.metadata.version("mediapipe")})
    for line in sys.stdin:
        bgr = cv2.imread(line.rstrip("\n"))
        answer({"hands": None} if bgr is None else found_hands(hands, bgr))


def found_hands(hands: Any, bgr: Any) -> dict[str, object]:
    """Return the hands of one picture, points in its pixels."""
    height_px, width_px = bgr.shape[:2]
    result = hands.process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
    pairs = zip(result.multi_hand_landmarks or (), result.multi_handedness or (), strict=True)
    found = [
        {
            "score": side.classification[0].score,
            "points_xy": [[point.x * width_px, point.y * height_px] for point in points.landmark],
        }
        for points, side in pairs
    ]
    return {"width_px": width_px, "height_px": height_px, "hands": found}


def answer(message: object) -> None:
    """Write one line at once."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
