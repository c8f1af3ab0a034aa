# SPDX-License-Identifier: Apache-2.0
"""A bundle's float32 model in FP16 and INT8: made, judged, packed beside it, and verified."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from calibration.cascade import found_by
from calibration.coverage import Coverage, coverage_of
from calibration.fp16 import lowered_to_fp16
from calibration.int8 import lowered_to_int8
from calibration.judge import Judge, min_score_of
from calibration.lowered import Lowered
from calibration.packing import packed
from calibration.picture_split import PictureSplit, picked, split_from_folder
from calibration.pictures import LabelledPicture, labelled, rendered
from calibration.precision_report import PrecisionReport
from calibration.settings import PrecisionSettings
from calibration.task_metric import has_labels
from edge.bundle.bundle import Bundle
from edge.bundle.contract import ModelContract
from edge.errors import SourceError, UsageError
from edge.tasks.loading import load
from edge.tasks.task import Task
from export.comparison import tensors_from_pictures
from export.half_rounding import half_losses, nodes_to_keep
from export.pictures import BoxXyxy, CheckPicture
from export.runner_from_onnx import runner_from_onnx
from training.data.sample import HandSample

DETECTOR, CLASSIFIER = "hand-detector", "gesture-classifier"
SCENES = 24
LATENCY_RUNS = 15


def bundle_with_precisions(
    bundle: Bundle, settings: PrecisionSettings, *, say: Callable[[str], None]
) -> PrecisionReport:
    """Write the bundle with the precisions that `settings` ask for and that lose little enough.

    Raises `UsageError` for settings and models that do not go together, `SourceError` for pictures that cannot be read
    or calibrated on, `OutputError` when the bundle cannot be written.
    """
    _require_sense(bundle, settings)
    contract, model = bundle.manifest, bundle.read_model()
    partner = _partner(contract, settings)
    say("reading pictures")
    calibration, choice, held_out = _pictures(contract, settings)
    boxes = [_boxes(picture, contract, partner) for picture in calibration]
    coverage = coverage_of(calibration, boxes) if settings.data is not None else None
    for warning in () if coverage is None else coverage.warnings:
        say(f"warning: {warning}")
    inputs = tensors_from_pictures(
        contract.input, [CheckPicture(one.pixels, own) for one, own in zip(calibration, boxes, strict=True)]
    )
    if not inputs:
        raise SourceError(f"{partner.name} finds no hand in the pictures to calibrate on; give pictures of hands")
    say(f"measuring float32 on {len(held_out)} {'rendered scenes' if settings.data is None else 'held-out pictures'}")
    judge = Judge(contract, model, held_out, partner=partner, rendered=settings.data is None)
    # What is chosen is chosen on other pictures than those that judge it.
    chooser = Judge(contract, model, choice, partner=partner, rendered=settings.data is None)
    lowered: list[Lowered] = []
    if settings.fp16:
        say("writing FP16")
        lowered.append(lowered_to_fp16(contract, model, inputs, judge, choice=chooser, say=say))
    if settings.int8:
        say("writing INT8")
        float32 = nodes_to_keep(model, half_losses(model, contract.input, inputs))
        lowered.append(
            lowered_to_int8(contract, model, inputs, judge, settings, float32=float32, choice=chooser, say=say)
        )
    return _written(bundle, settings, judge, lowered=lowered, inputs=inputs, coverage=coverage, say=say)


def _written(
    bundle: Bundle,
    settings: PrecisionSettings,
    judge: Judge,
    *,
    lowered: Sequence[Lowered],
    inputs: Sequence[NDArray[np.float32]],
    coverage: Coverage | None,
    say: Callable[[str], None],
) -> PrecisionReport:
    model = bundle.read_model()
    passing = [one for one in lowered if one.passes]
    for one in lowered:
        if not one.passes:
            lost = f"loses {one.drop_points:.2f} points of {one.max_drop:g} allowed, {len(one.spared)} nodes spared"
            say(f"{one.precision} {lost}: it is not written")
    folder = settings.to / bundle.manifest.name
    if passing:
        say(f"verifying and writing {folder}")
    ratios = _latency_ratios(bundle.manifest, model, passing, inputs[0])
    return PrecisionReport(
        bundle=packed(bundle, passing, judge, folder, data=settings.data).path if passing else None,
        labelled=judge.labelled,
        rendered=judge.rendered,
        reference=judge.reference,
        reference_bytes=len(model),
        lowered=tuple(lowered),
        latency_ratio=ratios,
        coverage=coverage,
    )


def _require_sense(bundle: Bundle, settings: PrecisionSettings) -> None:
    manifest = bundle.manifest
    if manifest.task == "pose":
        raise UsageError(f"{manifest.name} is a pose model of a few kilobytes, which no precision makes faster")
    if manifest.task == "segmenter":
        raise UsageError(f"{manifest.name} tells masks, which no metric judges here; segmenters stay float32")
    if settings.int8 and settings.data is None:
        raise UsageError("INT8 is calibrated on pictures; name a folder with --calibrate")


def _partner(contract: ModelContract, settings: PrecisionSettings) -> Task:
    finds = contract.task == "detector"
    partner = load(settings.partner or (CLASSIFIER if finds else DETECTOR), device="cpu")
    if partner.needs_hands != finds:
        wanted = "looks at the hands it finds" if finds else "finds hands"
        raise UsageError(f"the partner of a {contract.task} is a model that {wanted}, got {partner.name}")
    return partner


def _pictures(
    contract: ModelContract, settings: PrecisionSettings
) -> tuple[list[LabelledPicture], list[LabelledPicture], list[LabelledPicture]]:
    """Return pictures to calibrate on, to choose a method and spared nodes by, and to judge by.

    All are rendered where no data is. A single picture to calibrate on is also the one to choose by.
    """
    if settings.data is None:
        scenes = rendered(3 * SCENES)
        return scenes[:SCENES], scenes[SCENES : 2 * SCENES], scenes[2 * SCENES :]
    split = split_from_folder(settings.data)
    own = PictureSplit(*(_judgeable(contract, samples) for samples in (split.calibration, split.held_out)))
    some = picked(own.calibration, 2 * settings.calibration_pictures)
    calibration, choice = some[::2], some[1::2] or some
    return labelled(calibration), labelled(choice), labelled(picked(own.held_out, settings.pictures))


def _judgeable(contract: ModelContract, samples: Sequence[HandSample]) -> tuple[HandSample, ...]:
    """Return the samples with labels that the model can be judged by, all where none has any."""
    having = tuple(sample for sample in samples if has_labels(contract, sample))
    return having or tuple(samples)


def _boxes(picture: LabelledPicture, contract: ModelContract, partner: Task) -> tuple[BoxXyxy, ...]:
    """Return the boxes whose crops the model looks at: those that the first stage finds."""
    if contract.task == "detector":
        sample = picture.sample
        found = sample.boxes_xyxy[~sample.ignored]
    else:
        (hands,) = found_by(partner, [picture], min_score=min_score_of(partner.contract))
        found = hands.boxes_xyxy
    return tuple((float(x1), float(y1), float(x2), float(y2)) for x1, y1, x2, y2 in found)


def _latency_ratios(
    contract: ModelContract, model: bytes, lowered: Sequence[Lowered], inputs: NDArray[np.float32]
) -> dict[str, float]:
    """Return how long one inference of each file takes on this CPU, as a share of float32's; files take turns."""
    least = contract.input.min_batch
    batch = inputs[:least] if len(inputs) >= least else np.repeat(inputs[:1], least, 0)
    runners = [runner_from_onnx(contract, file) for file in (model, *(one.model for one in lowered))]
    times_s: list[list[float]] = [[] for _ in runners]
    for _ in range(LATENCY_RUNS):
        for runner, own in zip(runners, times_s, strict=True):
            runner.input_buffer(contract.input.name, batch.shape)[:] = batch
            started = time.perf_counter()
            runner.infer()
            own.append(time.perf_counter() - started)
    for runner in runners:
        runner.close()
    reference, *others = (float(np.median(own)) for own in times_s)
    return {one.precision: other / reference for one, other in zip(lowered, others, strict=True)}
