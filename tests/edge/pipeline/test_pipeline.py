# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import edge
from edge.errors import BundleError, DependencyError, UsageError
from edge.frame import Frame, PixelFormat
from edge.pipeline import Pipeline
from edge.runners import FakeRunner
from edge.tasks import HandClassifier, HandDetector
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_contract,
    detector_model,
    noisy_picture,
    presence_contract,
    write_small_bundle,
)
from tests.edge.pipeline.scripted import RecordingSink, number_of, numbered_detector, numbered_frame

STAGES = ["capture", "queue", "preprocess", "infer", "decode", "classify", "total"]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return [
        write_small_bundle(folder / "classifier", classifier_contract(), classifier_model()).path,
        write_small_bundle(folder / "detector", detector_contract(), detector_model()).path,
    ]


def test_cascade_gives_what_its_models_give_one_by_one(bundles: list[Path]) -> None:
    pictures = [noisy_picture(160, 120, seed=seed) for seed in range(12)]
    classifier, detector = edge.load(bundles[0]), edge.load(bundles[1])
    assert isinstance(detector, HandDetector)
    assert isinstance(classifier, HandClassifier)
    with Pipeline(bundles, threads=2) as pipeline:
        results = list(pipeline.run(pictures))
    assert sum(len(result.hands) for result in results) > 0
    for picture, result in zip(pictures, results, strict=True):
        expected = classifier(picture, detector(picture))
        assert [hand.to_dict() for hand in result.hands] == [hand.to_dict() for hand in expected]


def test_hands_that_a_second_look_rejects_are_dropped(bundles: list[Path]) -> None:
    pictures = [noisy_picture(160, 120, seed=seed) for seed in range(12)]
    contract = presence_contract()

    def bright_is_a_hand(inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        brightness = 100 * inputs["crops"].mean(axis=(1, 2, 3))
        return {"presence": np.stack([brightness, np.zeros_like(brightness)], axis=1)}

    outputs = tuple(output.spec() for output in contract.outputs)
    runner = FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=bright_is_a_hand)
    with edge.load(bundles[1]) as detector, HandClassifier(contract, runner, min_score=0.5) as classifier:
        assert isinstance(detector, HandDetector)
        with Pipeline([detector, classifier], threads=2) as pipeline:
            results = list(pipeline.run(pictures))
        found = [classifier(picture, detector(picture)) for picture in pictures]
        for result, hands in zip(results, found, strict=True):
            kept = classifier.kept(hands)
            np.testing.assert_array_equal(result.hands.boxes_xyxy, kept.boxes_xyxy)
            np.testing.assert_array_equal(result.hands.scores, kept.scores)
    assert 0 < sum(len(result.hands) for result in results) < sum(len(hands) for hands in found)


def test_stages_are_timed_and_add_up(bundles: list[Path]) -> None:
    with Pipeline(bundles, threads=1) as pipeline:
        run = pipeline.run([noisy_picture(160, 120, seed=seed) for seed in range(12)])
        results = [result for result in run if len(result.hands)]
        summary = run.summary()
    assert results
    for result in results:
        assert list(result.latency_ms) == STAGES
        parts_ms = sum(result.latency_ms[stage] for stage in STAGES[1:-1])
        assert parts_ms <= result.latency_ms["total"] + 1e-6
    assert list(summary.latency_ms) == ["p50", "p95", "p99"]
    assert summary.latency_ms["p50"] <= summary.latency_ms["p95"] <= summary.latency_ms["p99"]
    assert (summary.frames, summary.device.name) == (12, "cpu")
    assert summary.fps == pytest.approx(12 / summary.elapsed_s)
    assert summary.models == {"small-detector": "1.2.3", "small-classifier": "1.2.3"}


def test_min_score_reaches_the_detector_alone(bundles: list[Path]) -> None:
    plain = np.full((96, 96, 3), 127, np.uint8)  # every cell of the detector gives sigmoid(-2) = 0.12 for it

    def hands(min_score: float) -> int:
        with Pipeline(bundles, threads=1, min_score=min_score) as pipeline:
            return sum(len(result.hands) for result in pipeline.run([plain]))

    assert hands(0.05) > 0
    assert hands(0.2) == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"threads": 0}, "threads must be at least 1, got 0"),
        ({"threads": 1.5}, "threads must be a whole number, got 1.5"),
        ({"min_score": 1.5}, "min_score must lie within 0 and 1, got 1.5"),
        ({"min_score": float("nan")}, "min_score must lie within 0 and 1, got nan"),
        ({"device": "tpu"}, "device must be one of auto, cpu, gpu, got 'tpu'"),
        ({"models": "hand-detector"}, r"models=\['hand-detector'\]"),
        ({"models": []}, "one that finds hands"),
        ({"models": ["no-such-model"]}, "no model and no folder 'no-such-model'"),
    ],
)
def test_wrong_option_is_told(options: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Pipeline(**{"models": [numbered_detector()], **options})  # type: ignore[arg-type]


def test_classifier_alone_is_refused(bundles: list[Path]) -> None:
    with pytest.raises(
        UsageError, match="must include one that finds hands, such as hand-detector; got small-classifier"
    ):
        Pipeline(bundles[:1])


def test_gpu_is_refused_with_the_remedy() -> None:
    with pytest.raises(DependencyError, match="use --device cpu"):
        Pipeline([numbered_detector()], device="gpu")


def test_damaged_bundle_is_a_bundle_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        Pipeline([tmp_path])


@pytest.mark.parametrize("source", [5, None, np.float32])
def test_source_of_no_kind_is_refused(source: object) -> None:
    told = "source must be a path, a name, a Source or an iterable"
    with Pipeline([numbered_detector()], threads=1) as pipeline, pytest.raises(UsageError, match=told):
        pipeline.run(source)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((300, 400, 3), np.uint8),
        np.zeros((300, 400), np.uint8),
        Frame(np.zeros((300, 400), np.uint8), PixelFormat.GRAY, 0, 0, "mine"),
    ],
)
def test_one_picture_is_not_taken_apart(picture: NDArray[np.uint8] | Frame) -> None:
    with Pipeline([numbered_detector()], threads=1) as pipeline:
        with pytest.raises(UsageError, match=r"sequence of pictures, got .*; write run\(\[picture\]\)"):
            pipeline.run(picture)  # type: ignore[arg-type]
        assert len(list(pipeline.run(np.zeros((2, 30, 40, 3), np.uint8)))) == 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"max_frames": 1.5}, "max_frames must be a whole number, got 1.5"),
        ({"sinks": ["x.jsonl"]}, r"sinks must be a sequence of edge.Sink, got \['x.jsonl'\]"),
        ({"sinks": "x.jsonl"}, "sinks must be a sequence of edge.Sink, got 'x.jsonl'"),
        ({"sinks": RecordingSink()}, "sinks must be a sequence of edge.Sink, got <"),
    ],
)
def test_wrong_option_of_a_run_is_told(options: dict[str, object], told: str) -> None:
    with Pipeline([numbered_detector()], threads=1) as pipeline, pytest.raises(UsageError, match=told):
        pipeline.run([], **options)  # type: ignore[arg-type]


def test_a_generator_that_fills_one_array_again_gives_every_frame_its_own_result() -> None:
    buffer = numbered_frame(0)

    def frames() -> Iterator[NDArray[np.uint8]]:
        for number in range(40):
            buffer[:] = number
            yield buffer

    with Pipeline([numbered_detector(lambda _: time.sleep(0.002))], threads=2) as pipeline:
        assert [number_of(result) for result in pipeline.run(frames())] == list(range(40))


def test_max_frames_below_one_is_refused() -> None:
    with Pipeline([numbered_detector()], threads=1) as pipeline:
        with pytest.raises(UsageError, match="max_frames must be at least 1, got 0"):
            pipeline.run([], max_frames=0)
        assert list(pipeline.run([])) == []
