# SPDX-License-Identifier: Apache-2.0
"""The self-test of a bundle: its stored picture through preprocessing, a runner and the decoder."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.bundle import Bundle
from edge.bundle.precision import Precision
from edge.bundle.self_test import BoxXyxy, Expectation, ExpectedHand, ExpectedTensor, Keypoints
from edge.errors import BundleDamagedError, ModelError, SourceError
from edge.results import Hand, Hands
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.runners.runner import Runner
from edge.sources.picture import pixels_from_bytes
from edge.tasks.detector import HandDetector
from edge.tasks.loading import task_from_runner
from edge.tasks.picture import frame_from_picture
from edge.tasks.task import Task

# A keypoint below may be seen in two places equally well.
SURE_SCORE = 0.5


@dataclass(frozen=True, slots=True)
class SelfTestReport:
    """A self-test that passed: the largest absolute difference of each output, and how many hands agreed."""

    precision: Precision
    max_abs_difference: Mapping[str, float]
    hands: int


def run_self_test(bundle: Bundle, *, precision: Precision = "fp32", runner: Runner | None = None) -> SelfTestReport:
    """Run the self-test of `bundle`; `runner` is the one to test, by default a fresh one of ONNX Runtime.

    Raises `ModelError` when an output or a hand differs by more than the bundle allows, `BundleError` for its files.
    """
    self_test = bundle.manifest.self_test
    expectation = self_test.expected.get(precision)
    if expectation is None:
        raise ModelError(f"{bundle.path} has no self-test for {precision}; it has {', '.join(self_test.expected)}")
    tested = OnnxRuntimeRunner.from_bundle(bundle, precision=precision) if runner is None else runner
    try:
        task = task_from_runner(bundle.manifest, tested)
        picture = picture_from_png(bundle.read_file(self_test.picture), origin=self_test.picture)
        hands = run_on_picture(task, picture, self_test.boxes_xyxy, self_test.keypoints)
        differences = {tensor.output: _require_tensor(bundle, tensor, task.outputs) for tensor in expectation.tensors}
        _require_hands(bundle, expectation, hands, _threshold(task))
    finally:
        if runner is None:
            tested.close()
    return SelfTestReport(precision, differences, len(expectation.hands))


def run_on_picture(
    task: Task,
    picture: NDArray[np.uint8],
    boxes_xyxy: Sequence[BoxXyxy] = (),
    keypoints: Sequence[Keypoints] | None = None,
) -> Hands:
    """Return what `task` makes of a BGR picture, and of the given boxes and keypoints where it needs hands."""
    boxes = np.array(boxes_xyxy, np.float32).reshape(-1, 4)
    points = None if keypoints is None else np.array(keypoints, np.float32)
    task.prepare(frame_from_picture(picture), Hands(boxes, np.ones(len(boxes), np.float32), keypoints=points))
    task.infer()
    return task.decode()


def picture_from_png(content: bytes, *, origin: str) -> NDArray[np.uint8]:
    """Return the BGR picture (H, W, 3) uint8 of an encoded file. Raises `BundleDamagedError` when it is none."""
    try:
        return pixels_from_bytes(content, origin=origin)
    except SourceError as error:
        raise BundleDamagedError(f"{error}, or export the bundle again") from error


def array_from_npy(content: bytes, *, origin: str) -> NDArray[Any]:
    """Return the array of an .npy file without pickles. Raises `BundleDamagedError` when it is none."""
    try:
        _check_npy_header(content)
        array: NDArray[Any] = np.load(io.BytesIO(content), allow_pickle=False)
    except Exception as error:
        # NumPy evaluates the header as Python, and raises whatever comes of that.
        raise BundleDamagedError(f"{origin} is not a plain .npy array: {error}; export the bundle again") from error
    return array


def _check_npy_header(content: bytes) -> None:
    """Raise `ValueError` unless the header promises numbers, as many as there are; NumPy allocates what it promises."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read_header(stream)
    data_bytes = len(content) - stream.tell()
    if dtype.kind not in "biuf" or math.prod(shape) * dtype.itemsize != data_bytes:
        raise ValueError(f"its header promises {shape} {dtype}, and {data_bytes} bytes follow")


def _threshold(task: Task) -> float:
    return task.min_score if isinstance(task, HandDetector) else 0.0


def _require_tensor(bundle: Bundle, tensor: ExpectedTensor, outputs: Mapping[str, NDArray[Any]]) -> float:
    """Return the largest absolute difference of an output. Raises `ModelError` when it is too large."""
    expected = array_from_npy(bundle.read_file(tensor.file), origin=str(bundle.path / tensor.file))
    given = outputs.get(tensor.output)
    if given is None or given.shape != expected.shape:
        shape = None if given is None else given.shape
        raise ModelError(f"{bundle.path}: self-test expects {tensor.output!r} as {expected.shape}, got {shape}")
    difference = np.abs(given.astype(np.float64) - expected)
    worst = float(difference.max(initial=0.0))
    # Written so that NaN fails.
    if not (difference <= tensor.absolute + tensor.relative * np.abs(expected)).all():
        raise ModelError(
            f"{bundle.path}: self-test failed, {tensor.output!r} differs by up to {worst:.3g} where "
            f"{tensor.absolute:.3g} + {tensor.relative:.3g} of its value is allowed; "
            "this machine does not compute what the exporter did, reinstall edge and its runner"
        )
    return worst


def _require_hands(bundle: Bundle, expectation: Expectation, hands: Hands, threshold: float) -> None:
    """Pair expected hands with found ones; whoever is left over must lie at the threshold."""
    left = list(hands)
    sure = threshold + expectation.score
    for expected in expectation.hands:
        match = next((hand for hand in left if _same(hand, expected, expectation)), None)
        if match is not None:
            left.remove(match)
        elif expected.score >= sure:
            raise ModelError(f"{bundle.path}: self-test failed, no hand as {expected!r} among {[*hands]!r}")
    if any(hand.score >= sure for hand in left):
        raise ModelError(
            f"{bundle.path}: self-test failed, {len(left)} hands more than the {len(expectation.hands)} expected"
        )


def _same(hand: Hand, expected: ExpectedHand, expectation: Expectation) -> bool:
    near = np.abs(hand.box_xyxy - np.array(expected.box_xyxy)).max() <= expectation.box_px
    names_agree = all(name == getattr(expected, kind) for kind, name in hand.names.items())
    return (
        bool(near)
        and abs(hand.score - expected.score) <= expectation.score
        and names_agree
        and _same_keypoints(hand.keypoints, expected.keypoints, expectation)
    )


def _same_keypoints(
    given: NDArray[np.float32] | None,
    expected: Keypoints | None,
    expectation: Expectation,
) -> bool:
    if given is None or expected is None:
        return given is None and expected is None
    wanted = np.array(expected)
    sure = wanted[:, 2] >= SURE_SCORE
    return bool((np.abs(given - wanted)[sure] <= [expectation.box_px, expectation.box_px, expectation.score]).all())
