# SPDX-License-Identifier: Apache-2.0
"""One loop over a video, as most tutorials write it, around any way of looking at a frame."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import SourceError

Picture = NDArray[np.uint8]


def watch(video: Path, look: Callable[[Picture], int]) -> str:
    """Return {"fps": float, "frames": int, "hands": int} as JSON; `look` returns how many hands a frame shows.

    Timed from the first read to the last result; loading is not counted. Raises `SourceError` for an unreadable file.
    """
    capture = cv2.VideoCapture(str(video))
    frames = hands = 0
    begin = time.perf_counter()
    while True:
        more, bgr = capture.read()
        if not more:
            break
        frames += 1
        hands += look(np.asarray(bgr, np.uint8))
    elapsed_s = time.perf_counter() - begin
    if not frames:
        raise SourceError(f"{video} shows no frame; give a video that OpenCV reads")
    return json.dumps({"fps": frames / elapsed_s, "frames": frames, "hands": hands})
