# SPDX-License-Identifier: Apache-2.0
"""Run MediaPipe Hands over a video as its users do and print {"fps": float, "frames": int, "hands": int}.

For an interpreter of its own: `PYTHON mediapipe_video.py clip.mp4`.
"""

import json
import sys
import time

import cv2
import mediapipe


def main(path: str) -> None:
    """Time from the first read to the last result; loading is not counted."""
    hands = mediapipe.solutions.hands.Hands(static_image_mode=False, model_complexity=0)
    video = cv2.VideoCapture(path)
    frames = found = 0
    begin = time.perf_counter()
    while True:
        more, bgr = video.read()
        if not more:
            break
        frames += 1
        found += len(hands.process(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)).multi_hand_landmarks or ())
    elapsed_s = time.perf_counter() - begin
    print(json.dumps({"fps": frames / elapsed_s, "frames": frames, "hands": found}))


if __name__ == "__main__":
    main(sys.argv[1])
