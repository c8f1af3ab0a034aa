# SPDX-License-Identifier: Apache-2.0
"""HaGRID's detector and classifier (ai-forever/dynamic_gestures) over a video, as their repository runs them.

`python -m benchmarks.peers.hagrid_video VIDEO FOLDER` prints what `watch` returns; FOLDER holds `hand_detector.onnx`
and `crops_classifier.onnx`. ONNX Runtime has its own options, all crops of a frame are one batch.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import typer

from benchmarks.peers.hagrid_classifier import crop
from benchmarks.peers.hagrid_detector import tensor_from_picture
from benchmarks.peers.watching import Picture, watch


class HagridLoop:
    """Both networks as published."""

    def __init__(self, folder: Path) -> None:
        self._detector, self._classifier = (
            onnxruntime.InferenceSession(str(folder / name), providers=["CPUExecutionProvider"])
            for name in ("hand_detector.onnx", "crops_classifier.onnx")
        )

    def __call__(self, bgr: Picture) -> int:
        """Return how many hands a BGR picture shows, after telling the gesture of each."""
        (shares,) = self._detector.run(["boxes"], {"input": tensor_from_picture(bgr)})
        height_px, width_px = bgr.shape[:2]
        boxes = np.asarray(shares, np.float32) * np.array([width_px, height_px] * 2, np.float32)
        if len(boxes):
            (scores,) = self._classifier.run(["labels"], {"input": np.stack([crop(bgr, box) for box in boxes])})
            np.asarray(scores).argmax(axis=1)
        return len(boxes)


def main(video: Path, folder: Path) -> None:
    """Print frames a second over a video."""
    print(watch(video, HagridLoop(folder)))


if __name__ == "__main__":
    typer.run(main)
