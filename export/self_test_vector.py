# SPDX-License-Identifier: Apache-2.0
"""The self-test of a new bundle: its picture, and what the exported model makes of it."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.bundle.self_test import Expectation, ExpectedHand, ExpectedTensor, SelfTest
from edge.errors import ModelError
from edge.results import Hand
from edge.tasks.self_test import run_on_picture
from edge.tasks.task import Task
from export.pictures import CheckPicture, Picture

PICTURE_FILE = "selftest/picture.png"
# Another CPU, compiler or ONNX Runtime moves a logit by about 1e-3; a damaged model moves it by more than 1.
TENSOR_ABSOLUTE, TENSOR_RELATIVE = 0.05, 0.02
BOX_PX, SCORE = 1.0, 0.02


def self_test_vector(task: Task, sample: CheckPicture) -> tuple[SelfTest, dict[str, bytes]]:
    """Run `task` on a picture; return the self-test of its FP32 model and the files that belong to it."""
    boxes = sample.boxes_xyxy if task.needs_hands else ()
    keypoints = sample.keypoints if task.needs_keypoints else None
    hands = run_on_picture(task, sample.picture, boxes, keypoints)
    files = {PICTURE_FILE: png_from_picture(sample.picture)}
    tensors = []
    for name, values in task.outputs.items():
        file = f"selftest/{name}.npy"
        files[file] = npy_from_array(values)
        tensors.append(ExpectedTensor(output=name, file=file, absolute=TENSOR_ABSOLUTE, relative=TENSOR_RELATIVE))
    expected = Expectation(
        tensors=tuple(tensors), hands=tuple(_expected(hand) for hand in hands), box_px=BOX_PX, score=SCORE
    )
    self_test = SelfTest(picture=PICTURE_FILE, boxes_xyxy=boxes, keypoints=keypoints, expected={"fp32": expected})
    return self_test, files


def png_from_picture(picture: Picture) -> bytes:
    """Return the picture as PNG: every decoder gives the same pixels, which JPEG does not promise."""
    done, content = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if not done:
        raise ModelError(f"OpenCV could not encode a picture of {picture.shape} as PNG")
    return bytes(content)


def npy_from_array(array: NDArray[Any]) -> bytes:
    """Return the array as an .npy file."""
    stream = io.BytesIO()
    np.save(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def _expected(hand: Hand) -> ExpectedHand:
    x1, y1, x2, y2 = (round(float(edge), 2) for edge in hand.box_xyxy)
    return ExpectedHand(
        box_xyxy=(x1, y1, x2, y2),
        score=round(hand.score, 4),
        **hand.names,
        keypoints=None
        if hand.keypoints is None
        else tuple((round(x, 2), round(y, 2), round(s, 4)) for x, y, s in hand.keypoints.tolist()),
    )
