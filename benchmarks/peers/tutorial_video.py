# SPDX-License-Identifier: Apache-2.0
"""Our models as most tutorials would run them: OpenCV, numpy and ONNX Runtime with its defaults.

`python -m benchmarks.peers.tutorial_video VIDEO` prints what `watch` returns. The second look at what was found is left
out, as are all choices of this package that a tutorial has no word for.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import typer
from numpy.typing import NDArray

from benchmarks.peers.watching import Picture, watch
from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.decoders import PointDecoder
from edge.decoders.anchor_free_ltrb import AnchorFreeLtrb
from edge.preprocess import InputContract

Array = NDArray[np.float32]


class TutorialModel:
    """A session with ONNX Runtime's own options, and its contract."""

    def __init__(self, name: str) -> None:
        bundle = Bundle.open(find_bundle(name))
        self.manifest = bundle.manifest
        self.contract = bundle.manifest.picture_input.contract()
        self._session = onnxruntime.InferenceSession(bundle.read_model(), providers=["CPUExecutionProvider"])

    def run(self, rgb: NDArray[np.uint8]) -> dict[str, Array]:
        """Return the outputs for one picture of the network's size, (H, W, 3) RGB."""
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, {self.manifest.input.name: self._tensor(rgb)}), strict=True))

    def _tensor(self, rgb: NDArray[np.uint8]) -> Array:
        normalised = (rgb.astype(np.float32) - self.contract.mean) / self.contract.std
        return np.ascontiguousarray(normalised.transpose(2, 0, 1)[None], np.float32)


class TutorialLoop:
    """Detector, then keypoints and gesture hand by hand."""

    def __init__(self) -> None:
        self._detector = TutorialModel("hand-detector")
        self._keypoints = TutorialModel("hand-keypoints")
        self._gestures = TutorialModel("gesture-classifier")

    def __call__(self, bgr: Picture) -> int:
        """Return how many hands a BGR picture shows, after telling keypoints and gesture of each."""
        boxes = self.boxes(bgr)
        for box in boxes:
            self.keypoints(bgr, box)
            crop = crop_of(bgr, box, self._gestures.contract)
            self._gestures.run(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))["gesture"].argmax()  # type: ignore[arg-type]
        return len(boxes)

    def boxes(self, bgr: Picture) -> Array:
        """Return boxes (N, 4) xyxy in pixels of the picture."""
        contract, decoder = self._detector.contract, self._detector.manifest.decoder
        assert isinstance(decoder, AnchorFreeLtrb)  # noqa: S101 - it is a detector
        height_px, width_px = bgr.shape[:2]
        scale = min(contract.width_px / width_px, contract.height_px / height_px)
        resized = cv2.resize(bgr, (round(width_px * scale), round(height_px * scale)))
        right, bottom = contract.width_px - resized.shape[1], contract.height_px - resized.shape[0]
        padded = cv2.copyMakeBorder(resized, 0, bottom, 0, right, cv2.BORDER_CONSTANT, value=contract.pad)
        outputs = self._detector.run(np.asarray(cv2.cvtColor(padded, cv2.COLOR_BGR2RGB), np.uint8))
        found = [boxes_of(outputs[level.output][0], level.stride_px) for level in decoder.levels]
        boxes, scores = np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])
        corners = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        kept = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), decoder.min_score, decoder.nms_iou)
        return np.asarray(boxes[np.asarray(kept, np.int64).reshape(-1)] / scale, np.float32)

    def keypoints(self, bgr: Picture, box_xyxy: Array) -> Array:
        """Return places (21, 2) in shares of the crop about a box."""
        decoder = self._keypoints.manifest.decoder
        assert isinstance(decoder, PointDecoder)  # noqa: S101 - it is a keypoint model
        crop = crop_of(bgr, box_xyxy, self._keypoints.contract)
        outputs = self._keypoints.run(np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), np.uint8))
        bins = [outputs[name][0] for name in (decoder.x, decoder.y)]
        return np.stack([(one.argmax(axis=-1) + 0.5) / one.shape[-1] for one in bins], axis=-1).astype(np.float32)


def boxes_of(level: Array, stride_px: int) -> tuple[Array, Array]:
    """Return boxes (K, 4) in pixels of the input and scores (K,) of one output (5, h, w)."""
    rows, columns = np.indices(level.shape[1:], np.float32)
    x, y = (columns + 0.5) * stride_px, (rows + 0.5) * stride_px
    left, top, right, bottom = level[1:] * stride_px
    boxes = np.stack([x - left, y - top, x + right, y + bottom], axis=-1).reshape(-1, 4)
    return boxes, 1 / (1 + np.exp(-level[0].reshape(-1)))


def crop_of(bgr: Picture, box_xyxy: Array, contract: InputContract) -> NDArray[np.uint8]:
    """Return the square about a box with the contract's margin, in the network's size; black outside the picture."""
    side = float((box_xyxy[2:] - box_xyxy[:2]).max()) * (1 + 2 * contract.crop_margin)
    left, top = (box_xyxy[:2] + box_xyxy[2:]) / 2 - side / 2
    scale = contract.width_px / side
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
    return np.asarray(cv2.warpAffine(bgr, matrix, (contract.width_px, contract.height_px)), np.uint8)


def main(video: Path) -> None:
    """Print frames a second over a video."""
    print(watch(video, TutorialLoop()))


if __name__ == "__main__":
    typer.run(main)
