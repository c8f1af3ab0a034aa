# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.fp16 import lowered_to_fp16
from calibration.int8 import lowered_to_int8
from calibration.judge import Judge, Verdict
from calibration.picture_split import picked, split_from_folder
from calibration.pictures import LabelledPicture, labelled, rendered
from calibration.qdq_rules import breaches_of
from calibration.settings import PrecisionSettings
from calibration.thresholds import METHODS
from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.errors import UsageError
from edge.tasks import load
from export.comparison import tensors_from_pictures
from export.pictures import CheckPicture, whole
from tests.calibration.graphs import loudened
from tests.edge.bundles import classifier_contract, classifier_model
from tests.export.rtx import built

LOUD, LOUD_CHANNEL, FAINT = 2.0**18, 400.0, 2.0**-22
SETTINGS = PrecisionSettings(int8=True, method="min-max", max_drop=2.0)


@pytest.fixture(scope="module")
def classifier() -> Bundle:
    return Bundle.open(find_bundle("gesture-classifier"))


@pytest.fixture(scope="module")
def pictures(data_dir: Path) -> tuple[list[LabelledPicture], list[LabelledPicture]]:
    split = split_from_folder(data_dir / "hagrid_mini")
    return labelled(picked(split.calibration, 12)), labelled(picked(split.held_out, 36))


class CountingJudge(Judge):
    """A judge that counts how often files are shown to it, the reference among them."""

    asked = 0

    def verdict(self, model: bytes) -> Verdict:
        self.asked += 1
        return super().verdict(model)


def told(step: str) -> None:
    assert step


def inputs_of(bundle: Bundle, pictures: list[LabelledPicture]) -> list[NDArray[np.float32]]:
    boxes = [
        tuple((float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in one.sample.boxes_xyxy)
        for one in pictures
    ]
    shown = [CheckPicture(one.pixels, own or (whole(one.pixels),)) for one, own in zip(pictures, boxes, strict=True)]
    return tensors_from_pictures(bundle.manifest.input, shown)


def test_layers_that_int8_ruins_are_found_and_spared(
    classifier: Bundle, pictures: tuple[list[LabelledPicture], list[LabelledPicture]]
) -> None:
    contract = classifier.manifest
    loud, first, second = loudened(classifier.read_model(), LOUD_CHANNEL, channel=0)
    judge, choice = CountingJudge(contract, loud, pictures[1][::2]), CountingJudge(contract, loud, pictures[1][1::2])
    inputs = inputs_of(classifier, pictures[0])
    settings = replace(SETTINGS, method=None)
    lowered = lowered_to_int8(contract, loud, inputs, judge, settings, float32={}, choice=choice, say=told)
    assert lowered.passes
    assert judge.asked == 2
    assert choice.asked > 1 + len(METHODS)
    assert lowered.drop_points == judge.reference.drop_points(lowered.verdict)
    assert second.name in lowered.spared
    assert lowered.node_errors[0].node in {first.name, second.name}
    assert len(lowered.spared) <= 2
    assert breaches_of(lowered.model) == ()
    built(lowered.model, contract)


def test_int8_that_loses_too_much_whatever_is_spared_does_not_pass(
    classifier: Bundle, pictures: tuple[list[LabelledPicture], list[LabelledPicture]], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, model = classifier.manifest, classifier.read_model()
    judge = Judge(contract, model, pictures[1])
    # Ranges far too small leave nothing of any activation.
    monkeypatch.setattr("calibration.ranges.threshold_of", lambda *_: 1e-3)
    inputs = inputs_of(classifier, pictures[0])
    lowered = lowered_to_int8(contract, model, inputs, judge, SETTINGS, float32={}, choice=judge, say=told)
    assert not lowered.passes
    assert lowered.drop_points > 10
    assert lowered.spared == {}


def test_fp16_keeps_what_overflows_in_float32_and_loses_nothing(classifier: Bundle) -> None:
    contract = classifier.manifest
    loud, first, _ = loudened(classifier.read_model(), LOUD)
    scenes = rendered(6)
    judge = Judge(contract, loud, scenes)
    lowered = lowered_to_fp16(contract, loud, inputs_of(classifier, scenes), judge, choice=judge, say=told)
    assert lowered.passes
    assert first.name in lowered.spared
    assert "overflow" in lowered.spared[first.name]
    assert lowered.verdict.task == judge.reference.task


def test_fp16_spares_by_other_pictures_than_those_that_judge_it(
    classifier: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = classifier.manifest
    faint, first, second = loudened(classifier.read_model(), FAINT)
    scenes = rendered(8)
    judge, choice = CountingJudge(contract, faint, scenes[:4]), CountingJudge(contract, faint, scenes[4:])
    # A loss that no measurement foresaw is left to the search.
    monkeypatch.setattr("calibration.fp16.nodes_to_keep", lambda *_: {})
    lowered = lowered_to_fp16(contract, faint, inputs_of(classifier, scenes), judge, choice=choice, say=told)
    assert lowered.spared.keys() & {first.name, second.name}
    assert set(lowered.spared.values()) == {"costs accuracy"}
    # The reference, then the file as ONNX Runtime computes it and as a GPU rounds it.
    assert judge.asked == 3
    assert choice.asked > judge.asked


def test_without_labels_the_float32_model_is_the_judge(classifier: Bundle) -> None:
    contract, model = classifier.manifest, classifier.read_model()
    scenes = [
        LabelledPicture(one.pixels, replace(one.sample, gestures=(None,) * len(one.sample.gestures)))
        for one in rendered(6)
    ]
    judge = Judge(contract, model, scenes, partner=load("hand-detector"))
    assert not judge.labelled
    assert judge.reference.task.value == 1
    assert judge.drop_points(model) == 0


def test_the_cascade_counts_hands_that_the_detector_misses(
    classifier: Bundle, pictures: tuple[list[LabelledPicture], list[LabelledPicture]]
) -> None:
    with load("hand-detector", min_score=0.999) as blind, load("hand-detector") as seeing:
        verdicts = [
            Judge(classifier.manifest, classifier.read_model(), pictures[1], partner=partner).reference
            for partner in (blind, seeing)
        ]
    missed, found = (verdict.cascade for verdict in verdicts)
    assert missed is not None
    assert found is not None
    assert verdicts[0].task == verdicts[1].task
    assert found.found > 0.9 * found.hands
    assert found.value <= found.value_found + 0.05


def test_a_model_without_a_layer_for_int8_is_told_so() -> None:
    contract, model = classifier_contract(), classifier_model()
    scenes = rendered(3)
    judge = Judge(contract, model, scenes)
    crops = tensors_from_pictures(contract.input, [CheckPicture(one.pixels, (whole(one.pixels),)) for one in scenes])
    with pytest.raises(UsageError, match="no layer that gains by INT8"):
        lowered_to_int8(contract, model, crops, judge, SETTINGS, float32={}, choice=judge, say=told)
