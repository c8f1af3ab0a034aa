# SPDX-License-Identifier: Apache-2.0
"""The self-test of a new bundle: its picture, and what the exported model makes of it."""

from __future__ import annotations

import io
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far outputs (`absolute` + `relative` of their value), boxes and scores may differ."""

    absolute: float
    relative: float
    box_px: float
    score: float


# Another CPU, compiler or ONNX Runtime moves a logit by about 1e-3; a damaged model moves it by more than 1.
FP32_TOLERANCE = Tolerance(absolute=0.05, relative=0.02, box_px=1.0, score=0.02)


def self_test_vector(task: Task, sample: CheckPicture) -> tuple[SelfTest, dict[str, bytes]]:
    """Run `task` on a picture; return the self-test of its FP32 model and the files that belong to it."""
    given = CheckPicture(
        sample.picture,
        sample.boxes_xyxy if task.needs_hands else (),
        sample.keypoints if task.needs_keypoints else None,
    )
    expected, files = expectation_of(task, given, folder="selftest", tolerance=FP32_TOLERANCE)
    self_test = SelfTest(
        picture=PICTURE_FILE, boxes_xyxy=given.boxes_xyxy, keypoints=given.keypoints, expected={"fp32": expected}
    )
    return self_test, {PICTURE_FILE: png_from_picture(sample.picture), **files}


def expectation_of(
    task: Task, sample: CheckPicture, *, folder: str, tolerance: Tolerance
) -> tuple[Expectation, dict[str, bytes]]:
    """Run `task` on a picture; return what it is to yield from then on, and its outputs as files in `folder`."""
    hands = run_on_picture(task, sample.picture, sample.boxes_xyxy, sample.keypoints)
    files = {f"{folder}/{name}.npy": npy_from_array(values) for name, values in task.outputs.items()}
    tensors = tuple(
        ExpectedTensor(output=name, file=file, absolute=tolerance.absolute, relative=tolerance.relative)
        for name, file in zip(task.outputs, files, strict=True)
    )
    expected = tuple(_expected(hand) for hand in hands)
    return Expectation(tensors=tensors, hands=expected, box_px=tolerance.box_px, score=tolerance.score), files


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
