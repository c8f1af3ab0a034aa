# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from pydantic import ValidationError

from edge import _native
from edge.decoders import Simcc
from edge.decoders.presence import least_candidate
from edge.errors import UsageError
from edge.pipeline.models import tasks_from_models
from edge.results import Hands
from edge.runners import FakeRunner
from edge.tasks import HandClassifier, HandDetector, Task, load
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_contract,
    detector_model,
    noisy_picture,
    presence_contract,
    write_small_bundle,
)

APART = np.array([[100 * n, 0, 100 * n + 50, 50] for n in range(4)], np.float32)
BOXES = np.array([[0, 0, 40, 40], [20, 30, 60, 70], [50, 10, 90, 50]], np.float32)
SCORES = hnp.arrays(np.float32, 4, elements=st.floats(0, 1, width=32))


def second_look(trust: float, logits: list[list[float]], **options: Any) -> HandClassifier:
    contract = presence_contract(presence_trust=trust)
    outputs = tuple(output.spec() for output in contract.outputs)
    told = {"presence": np.array(logits, np.float32)}
    return HandClassifier(
        contract, FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=lambda _: told), **options
    )


def joined(
    scores: NDArray[np.float32], presence: NDArray[np.float32], trust: float, boxes: NDArray[np.float32] = APART
) -> NDArray[np.float32]:
    """The joined scores in the order of the hands, 0 for those that are left out."""
    rows, told = _native.join_second_look(boxes, scores, presence, trust, 0.0, 0.9)
    assert (np.diff(told) <= 0).all()
    together = np.zeros(len(scores), np.float32)
    together[rows] = told
    return together


@given(scores=SCORES, presence=SCORES, trust=st.floats(0, 1))
def test_trust_is_the_weight_of_the_second_look(
    scores: NDArray[np.float32], presence: NDArray[np.float32], trust: float
) -> None:
    expected = scores.astype(np.float64) ** (1 - trust) * presence.astype(np.float64) ** trust
    np.testing.assert_allclose(joined(scores, presence, trust), expected, rtol=1e-6, atol=1e-12)


@given(least=st.floats(0.05, 0.95), first=st.floats(0, 0.8), second=st.floats(0, 0.8))
def test_no_candidate_that_second_looks_may_save_is_left_out(least: float, first: float, second: float) -> None:
    sure = np.ones(4, np.float32)
    candidates = np.full(4, least_candidate(least, [first, second]), np.float32)
    saved = joined(joined(candidates, sure, first), sure, second)
    np.testing.assert_allclose(saved, least, rtol=1e-4)


def test_boxes_within_better_ones_and_about_them_are_left_out() -> None:
    boxes = np.array(
        [[10, 10, 50, 50], [12, 12, 40, 52], [0, 0, 60, 60], [45, 45, 85, 85], [12, 12, 40, 40], [5, 5, 5, 5]],
        np.float32,
    )
    scores, sure = np.linspace(0.9, 0.4, 6, dtype=np.float32), np.ones(6, np.float32)
    assert np.flatnonzero(joined(scores, sure, 0.0, boxes)).tolist() == [0, 3, 5]
    chain = np.array([[0, 0, 40, 10], [2, 0, 42, 10], [6, 0, 46, 10]], np.float32)
    assert np.flatnonzero(joined(scores[:3], sure[:3], 0.0, chain)).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scores": np.array([0.5], np.float32)}, r"boxes must be \(N, 4\), scores and presence \(N,\)"),
        ({"presence": np.array([0.5, 1, 0, np.nan], np.float32)}, "scores and presence must be within"),
        ({"scores": np.array([0.5, 1, 0, -0.1], np.float32)}, "scores and presence must be within"),
        ({"trust": 1.5}, "trust must be within"),
        ({"boxes": np.where(APART[1, 2] == APART, np.nan, APART)}, "boxes must be finite"),
    ],
)
def test_values_that_cannot_be_are_refused(changes: dict[str, Any], told: str) -> None:
    values: dict[str, Any] = {
        "boxes": APART,
        "scores": np.ones(4, np.float32),
        "presence": np.ones(4, np.float32),
        "trust": 0.5,
    }
    with pytest.raises(ValueError, match=told):
        _native.join_second_look(**values | changes, min_score=0.0, same=0.9)


def test_hands_come_best_first_by_the_joined_score_and_those_below_the_threshold_are_left_out() -> None:
    hands = Hands(BOXES, np.array([0.8, 0.5, 0.45], np.float32))
    with second_look(0.5, [[0, 2], [1, 0], [2, 0]], min_score=0.58) as task:
        looked_at = task(noisy_picture(120, 110), hands)
        assert looked_at.presence is not None
        np.testing.assert_allclose(looked_at.presence, 1 / (1 + np.exp([2.0, -1.0, -2.0])), atol=1e-6)
        np.testing.assert_array_equal(looked_at.scores, hands.scores)
        kept = task.kept(looked_at)
        np.testing.assert_array_equal(kept.boxes_xyxy, BOXES[[2, 1]])
        assert (np.diff(kept.scores) <= 0).all()
        with task.sibling() as sibling:
            assert len(sibling.kept(looked_at)) == 2


def test_of_two_boxes_about_one_hand_the_surer_one_is_kept() -> None:
    nested = np.array([[10, 10, 60, 60], [15, 12, 50, 55], [70, 10, 100, 50]], np.float32)
    with second_look(0.5, [[0, 0], [2, 0], [0, 0]]) as task:
        kept = task.kept(task(noisy_picture(120, 110), Hands(nested, np.full(3, 0.5, np.float32))))
    np.testing.assert_array_equal(kept.boxes_xyxy, nested[1:])


def test_who_is_not_trusted_changes_nothing() -> None:
    hands = Hands(BOXES, np.array([0.8, 0.5, 0.4], np.float32))
    with second_look(0.0, [[0, 9]] * 3, min_score=0.6) as task:
        looked_at = task(noisy_picture(120, 110), hands)
        assert task.kept(looked_at) is looked_at


def test_who_is_not_trusted_leaves_the_presence_that_another_told() -> None:
    hands = Hands(BOXES, np.full(3, 0.5, np.float32), presence=np.full(3, 0.25, np.float32))
    with second_look(0.0, [[0, 9]] * 3) as untrusted, second_look(0.5, [[0, 0]] * 3) as trusted:
        np.testing.assert_array_equal(untrusted(noisy_picture(120, 110), hands).presence, hands.presence)
        np.testing.assert_array_equal(trusted(noisy_picture(120, 110), hands).presence, 0.5)


def test_a_detector_passes_on_candidates_where_another_model_looks_again(tmp_path: Path) -> None:
    detector = write_small_bundle(tmp_path / "detector", detector_contract(), detector_model()).path
    classifier = write_small_bundle(tmp_path / "classifier", classifier_contract(), classifier_model()).path
    contract = presence_contract(presence_trust=0.5)
    looker = write_small_bundle(tmp_path / "looker", contract, classifier_model(heads={"presence": 2})).path
    with load(detector) as task:
        assert isinstance(task, HandDetector)
        own = task.min_score
    opened = load(detector, min_score=0.3)
    cases: list[tuple[list[Path | Task], float | None, list[float]]] = [
        ([opened, looker], None, [0.3, 0.3]),
        ([opened, looker], 0.8, [0.3, 0.8]),
        ([detector, classifier], None, [own, 0.0]),
        ([detector, looker], None, [own**2, own]),
        ([looker, detector], 0.8, [0.64, 0.8]),
    ]
    for models, min_score, expected in cases:
        tasks = tasks_from_models(models, device="cpu", min_score=min_score)
        assert [own_task.min_score for own_task in tasks] == pytest.approx(expected)  # type: ignore[attr-defined]
        for own_task in tasks:
            own_task.close()
    opened.close()


def test_trust_without_presence_is_refused() -> None:
    with pytest.raises(ValidationError, match="presence_trust needs an output that tells presence"):
        Simcc(x="x", y="y", reach=0.1, presence_trust=0.5)
    with pytest.raises(ValidationError, match="presence_trust needs a head of the role presence"):
        classifier_contract(decoder=classifier_contract().decoder.model_dump() | {"presence_trust": 0.5})


def test_a_threshold_needs_a_model_that_has_one() -> None:
    with pytest.raises(UsageError, match=r"min_score must lie within 0 and 1, got 1\.5"):
        second_look(0.5, [], min_score=1.5)


@given(arrays=hnp.arrays(np.float32, (5, 3), elements=st.floats(-1e3, 1e3, width=32)), index=st.integers(0, 2))
def test_presence_is_a_softmax_probability(arrays: NDArray[np.float32], index: int) -> None:
    weights = np.exp(arrays.astype(np.float64) - arrays.max(1, keepdims=True))
    expected = weights[:, index] / weights.sum(1)
    np.testing.assert_allclose(_native.probabilities_of(arrays, index), expected, atol=1e-6)


def test_presence_of_what_is_not_finite_is_refused() -> None:
    with pytest.raises(ValueError, match="logits must be finite"):
        _native.probabilities_of(np.array([[0, np.nan]], np.float32), 0)
    with pytest.raises(ValueError, match="logits must have class 2"):
        _native.probabilities_of(np.zeros((1, 2), np.float32), 2)
