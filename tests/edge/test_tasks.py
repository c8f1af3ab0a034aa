# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import inspect
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.bundle import zoo
from edge.errors import BundleFormatError, UsageError
from edge.frame import Frame, PixelFormat
from edge.results import Hands
from edge.runners import FakeRunner
from edge.runners.opening import open_runner
from edge.tasks import HandClassifier, HandDetector, HandKeypoints, HandPose, Task, load
from edge.tasks.loading import task_from_bundle, task_from_runner
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_contract,
    detector_model,
    noisy_picture,
    write_small_bundle,
)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zoo")
    write_small_bundle(folder / "hand-detector", detector_contract(name="hand-detector"), detector_model())
    write_small_bundle(
        folder / "gesture-classifier", classifier_contract(name="gesture-classifier"), classifier_model()
    )
    return folder


@pytest.fixture
def zoo_of_two(bundles: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(zoo, "ZOO", bundles)
    return bundles


@pytest.mark.usefixtures("zoo_of_two")
def test_one_line_finds_hands_and_another_names_them() -> None:
    picture = noisy_picture(200, 150)
    hands = load("hand-detector")(picture)
    assert isinstance(hands, Hands)
    assert len(hands) > 0
    named = load("gesture-classifier")(picture, hands)
    assert named.gestures is not None
    assert named.handedness is not None
    assert len(named.gestures) == len(hands)
    np.testing.assert_array_equal(named.boxes_xyxy, hands.boxes_xyxy)


def test_a_bundle_loads_by_its_folder(bundles: Path) -> None:
    with load(bundles / "hand-detector", threads=2, min_score=0.9) as task:
        assert isinstance(task, HandDetector)
        assert task.min_score == 0.9
        assert all(hand.score >= 0.9 for hand in task(noisy_picture(200, 150)))


@pytest.mark.usefixtures("zoo_of_two")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name_or_path": "hand-detectr"}, "did you mean 'hand-detector'"),
        ({"name_or_path": "hand-detector", "min_score": 1.5}, "min_score must lie within 0 and 1"),
        ({"name_or_path": "gesture-classifier", "min_score": 0.5}, "min_score is for models that find hands"),
        ({"name_or_path": "hand-detector", "threads": 0}, "threads must be at least 1"),
        ({"name_or_path": "hand-detector", "device": "tpu"}, "device must be one of"),
    ],
)
def test_a_wrong_argument_is_a_usage_error(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(**arguments)


@pytest.mark.parametrize(
    "picture",
    [
        None,
        "picture.jpg",
        np.zeros((0, 10, 3), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.uint16),
        np.zeros((10, 10, 3), np.float32),
        np.zeros((2, 10, 10, 3), np.uint8),
    ],
)
def test_what_is_not_a_picture_is_a_usage_error(bundles: Path, picture: Any) -> None:
    with load(bundles / "hand-detector") as task, pytest.raises(UsageError, match=r"BGR \(H, W, 3\) or grey"):
        task(picture)  # type: ignore[operator]


def test_a_grey_picture_is_a_picture(bundles: Path) -> None:
    grey = noisy_picture(200, 150)[..., 0]
    with load(bundles / "hand-detector") as task:
        assert isinstance(task, HandDetector)
        coloured = task(np.repeat(grey[..., None], 3, axis=2))
        # A grey value keeps within a hundredth of a level through either path.
        np.testing.assert_allclose(task(grey).scores, coloured.scores, atol=1e-3)


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (1, 500), (500, 1), (97, 31), (4000, 3000)])
def test_boxes_lie_within_the_picture_and_have_area(bundles: Path, width_px: int, height_px: int) -> None:
    with load(bundles / "hand-detector", min_score=0.05) as task:
        assert isinstance(task, HandDetector)
        hands = task(noisy_picture(width_px, height_px))
    assert (hands.boxes_xyxy >= 0).all()
    assert (hands.boxes_xyxy <= [width_px, height_px] * 2).all()
    assert (hands.boxes_xyxy[:, 2:] > hands.boxes_xyxy[:, :2]).all()


def planted(box_xyxy_in_tensor: tuple[float, float, float, float]) -> FakeRunner:
    """Return a detector's runner that sees one hand at the given place of its input, whatever the picture."""
    contract = detector_contract()
    x1, y1, x2, y2 = box_xyxy_in_tensor

    def function(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        _, _, height, width = inputs["image"].shape
        outputs = {f"level_{s}": np.full((1, 5, height // s, width // s), -9, np.float32) for s in (8, 16, 32)}
        column, row = int((x1 + x2) / 2 // 8), int((y1 + y2) / 2 // 8)
        x, y = column * 8 + 4, row * 8 + 4
        outputs["level_8"][0, :, row, column] = [4, (x - x1) / 8, (y - y1) / 8, (x2 - x) / 8, (y2 - y) / 8]
        return outputs

    outputs = tuple(output.spec() for output in contract.outputs)
    return FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=function)


@pytest.mark.parametrize(("width_px", "height_px"), [(192, 192), (384, 192), (192, 384), (96, 48)])
def test_a_box_goes_back_to_the_pixels_of_the_picture(width_px: int, height_px: int) -> None:
    scale = max(width_px, height_px) / 96
    in_picture = np.array([width_px * 0.25, height_px * 0.25, width_px * 0.5, height_px * 0.75])
    tensor_hw = np.ceil(np.array([height_px, width_px]) / scale / 32) * 32
    shift = (tensor_hw[::-1] - np.array([width_px, height_px]) / scale) / 2
    in_tensor = in_picture / scale + np.tile(shift, 2)
    task = HandDetector(detector_contract(), planted(tuple(in_tensor)))
    hands = task(noisy_picture(width_px, height_px))
    np.testing.assert_allclose(hands.boxes_xyxy, in_picture[None], atol=0.01)
    np.testing.assert_allclose(hands.scores, 1 / (1 + np.exp([-4.0])), atol=1e-4)


def test_a_box_in_the_padding_is_dropped() -> None:
    task = HandDetector(detector_contract(), planted((10, 1, 30, 9)))
    # 96 x 40 in a 96 x 64 tensor: the picture's rows are 12 to 52.
    assert len(task(noisy_picture(192, 80))) == 0


def test_a_nan_output_is_never_a_hand() -> None:
    contract = detector_contract()

    def function(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        _, _, height, width = inputs["image"].shape
        outputs = {f"level_{s}": np.full((1, 5, height // s, width // s), np.nan, np.float32) for s in (8, 16, 32)}
        outputs["level_16"][:] = np.inf
        return outputs

    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=function)
    assert len(HandDetector(contract, runner)(noisy_picture(96, 96))) == 0


def test_a_sibling_gives_the_same_answer_from_memory_of_its_own(bundles: Path) -> None:
    with load(bundles / "hand-detector", min_score=0.7) as task, task.sibling() as other:
        assert isinstance(task, HandDetector)
        assert isinstance(other, HandDetector)
        assert other.min_score == task.min_score
        first, second = noisy_picture(200, 150), noisy_picture(150, 200, seed=5)
        alone = [task(first), task(second)]
        frames = [Frame(picture, PixelFormat.BGR, 0, 0, "test") for picture in (first, second)]
        task.prepare(frames[0])
        other.prepare(frames[1])
        task.infer()
        other.infer()
        for hands, expected in zip((task.decode(), other.decode()), alone, strict=True):
            np.testing.assert_array_equal(hands.boxes_xyxy, expected.boxes_xyxy)


def test_a_task_at_work_for_one_thread_refuses_another() -> None:
    contract = detector_contract()
    at_work, release = threading.Event(), threading.Event()

    def function(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        at_work.set()
        assert release.wait(10)
        _, _, height, width = inputs["image"].shape
        return {f"level_{s}": np.full((1, 5, height // s, width // s), -9, np.float32) for s in (8, 16, 32)}

    outputs = tuple(output.spec() for output in contract.outputs)
    task = HandDetector(contract, FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=function))
    other = threading.Thread(target=task, args=(noisy_picture(96, 96),))
    other.start()
    try:
        assert at_work.wait(10)
        with pytest.raises(UsageError, match=r"load one task for each thread, or give each a task\.sibling"):
            task(noisy_picture(96, 96))
    finally:
        release.set()
        other.join()
    assert len(task(noisy_picture(96, 96))) == 0
    assert len(task.sibling()(noisy_picture(96, 96))) == 0


def test_a_call_that_failed_does_not_keep_its_task(bundles: Path) -> None:
    with load(bundles / "gesture-classifier") as task:
        assert isinstance(task, HandClassifier)
        for _ in range(2):
            with pytest.raises(UsageError, match="boxes"):
                task(noisy_picture(50, 50), np.zeros((2, 3)))


def boxes(count: int) -> NDArray[np.float32]:
    corners = np.random.default_rng(3).uniform(0, 60, (count, 2))
    return np.concatenate([corners, corners + 40], axis=1).astype(np.float32)


@pytest.mark.parametrize(("min_batch", "max_batch"), [(1, 16), (1, 4), (1, 1), (3, 3)])
@pytest.mark.parametrize("count", [1, 3, 4, 5, 9])
def test_labels_do_not_depend_on_how_hands_are_batched(
    tmp_path: Path, min_batch: int, max_batch: int, count: int
) -> None:
    picture = noisy_picture(120, 110)
    contract = classifier_contract(min_batch=min_batch, max_batch=max_batch)
    fixed = max_batch if min_batch == max_batch else "batch"
    bundle = write_small_bundle(tmp_path / "b", contract, classifier_model(batch=fixed))
    with task_from_bundle(bundle) as task:
        assert isinstance(task, HandClassifier)
        together = task(picture, boxes(count))
        singly = [task(picture, boxes(count)[row : row + 1]) for row in range(count)]
    assert together.gestures is not None
    assert together.handedness is not None
    ids = [int(one.gestures.ids[0]) for one in singly if one.gestures]
    np.testing.assert_array_equal(together.gestures.ids, ids)
    # The same sums in another order.
    scores = [float(one.handedness.scores[0]) for one in singly if one.handedness]
    np.testing.assert_allclose(together.handedness.scores, scores, atol=1e-5)


def test_no_hands_need_no_inference() -> None:
    contract = classifier_contract()

    def never(inputs: Mapping[str, NDArray[Any]]) -> Mapping[str, NDArray[Any]]:
        raise AssertionError(inputs)

    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=never)
    hands = HandClassifier(contract, runner)(noisy_picture(50, 50), Hands.empty())
    assert len(hands) == 0


@pytest.mark.parametrize("wrong", [np.zeros(4, np.float32), np.zeros((2, 3)), "boxes", np.array([[5.0, 5, 1, 1]])])
def test_what_are_not_boxes_is_a_usage_error(bundles: Path, wrong: Any) -> None:
    with load(bundles / "gesture-classifier") as task, pytest.raises(UsageError, match="boxes"):
        task(noisy_picture(50, 50), wrong)  # type: ignore[operator]


def test_a_task_refuses_the_contract_of_another() -> None:
    with pytest.raises(BundleFormatError, match="not a classifier"):
        HandClassifier(detector_contract(), planted((1, 1, 9, 9)))
    with pytest.raises(BundleFormatError, match="not a detector"):
        HandDetector(classifier_contract(), planted((1, 1, 9, 9)))
    with pytest.raises(BundleFormatError, match="not a keypoint model"):
        HandKeypoints(classifier_contract(), planted((1, 1, 9, 9)))


@pytest.mark.parametrize("kind", [HandDetector, HandClassifier, HandKeypoints, HandPose])
def test_every_task_has_the_steps_of_a_task(kind: type[Task]) -> None:
    assert not inspect.isabstract(kind)
    assert list(inspect.signature(kind.prepare).parameters) == ["self", "frame", "hands"]
    assert isinstance(kind.needs_hands, bool)


def test_the_runner_of_a_bundle_is_held_to_its_contract(bundles: Path) -> None:
    from edge.bundle.bundle import Bundle

    bundle = Bundle.open(bundles / "hand-detector")
    with open_runner(bundle) as runner:
        assert runner.inputs == (bundle.manifest.input.spec(),)
        task = task_from_runner(bundle.manifest, runner)
        assert task.name == "hand-detector"
