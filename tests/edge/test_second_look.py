# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

from edge.decoders import Simcc
from edge.decoders.presence import joined, least_candidate
from edge.errors import UsageError
from edge.pipeline.models import tasks_from_models
from edge.results import Hands
from edge.runners import FakeRunner
from edge.tasks import HandClassifier, HandDetector, load
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_contract,
    detector_model,
    noisy_picture,
    presence_contract,
    write_small_bundle,
)

BOXES = np.array([[0, 0, 40, 40], [20, 30, 60, 70], [50, 10, 90, 50]], np.float32)
SCORES = hnp.arrays(np.float32, 4, elements=st.floats(0, 1, width=32))


def second_look(trust: float, logits: list[list[float]], **options: Any) -> HandClassifier:
    contract = presence_contract(presence_trust=trust)
    outputs = tuple(output.spec() for output in contract.outputs)
    told = {"presence": np.array(logits, np.float32)}
    return HandClassifier(
        contract, FakeRunner(inputs=(contract.input.spec(),), outputs=outputs, function=lambda _: told), **options
    )


def test_trust_is_the_weight_of_the_second_look() -> None:
    scores, presence = np.array([0.5, 0.25, 0.5], np.float32), np.array([0.5, 1.0, 0.0], np.float32)
    np.testing.assert_allclose(joined(scores, presence, 0.5), [0.5, 0.5, 0], rtol=1e-6)
    np.testing.assert_allclose(joined(scores, presence, 0.25), [0.5, 0.25**0.75, 0], rtol=1e-6)


@given(scores=SCORES, presence=SCORES, trust=st.floats(0, 0.99))
def test_a_joined_score_lies_between_both_looks(
    scores: np.ndarray[Any, Any], presence: np.ndarray[Any, Any], trust: float
) -> None:
    together = joined(scores, presence, trust)
    assert together.dtype == np.float32
    assert (together >= np.minimum(scores, presence) - 1e-6).all()
    assert (together <= np.maximum(scores, presence) + 1e-6).all()
    np.testing.assert_array_equal(joined(scores, presence, 0.0), scores)


@given(least=st.floats(0.05, 0.95), first=st.floats(0, 0.8), second=st.floats(0, 0.8))
def test_no_candidate_that_second_looks_may_save_is_left_out(least: float, first: float, second: float) -> None:
    sure = np.ones(1, np.float32)
    candidate = np.float32([least_candidate(least, [first, second])])
    saved = joined(joined(candidate, sure, first), sure, second)
    assert saved[0] == pytest.approx(least, rel=1e-4)


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


def test_a_detector_passes_on_candidates_where_another_model_looks_again(tmp_path: Path) -> None:
    detector = write_small_bundle(tmp_path / "detector", detector_contract(), detector_model()).path
    classifier = write_small_bundle(tmp_path / "classifier", classifier_contract(), classifier_model()).path
    contract = presence_contract(presence_trust=0.5)
    looker = write_small_bundle(tmp_path / "looker", contract, classifier_model(heads={"presence": 2})).path
    with load(detector) as task:
        assert isinstance(task, HandDetector)
        own = task.min_score
    cases: list[tuple[list[Path], float | None, list[float]]] = [
        ([detector, classifier], None, [own, 0.0]),
        ([detector, looker], None, [own**2, own]),
        ([looker, detector], 0.8, [0.64, 0.8]),
    ]
    for models, min_score, expected in cases:
        tasks = tasks_from_models(models, device="cpu", min_score=min_score)
        assert [task.min_score for task in tasks] == pytest.approx(expected)  # type: ignore[attr-defined]
        for task in tasks:
            task.close()


def test_trust_without_presence_is_refused() -> None:
    with pytest.raises(ValidationError, match="presence_trust needs an output that tells presence"):
        Simcc(x="x", y="y", reach=0.1, presence_trust=0.5)
    with pytest.raises(ValidationError, match="presence_trust needs a head of the role presence"):
        classifier_contract(decoder=classifier_contract().decoder.model_dump() | {"presence_trust": 0.5})


def test_a_threshold_needs_a_model_that_has_one() -> None:
    with pytest.raises(UsageError, match=r"min_score must lie within 0 and 1, got 1\.5"):
        second_look(0.5, [], min_score=1.5)
