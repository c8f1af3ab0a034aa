# SPDX-License-Identifier: Apache-2.0
"""Precisions packed into their bundle: files, self-tests and accuracy cards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from calibration.judge import Judge, Verdict
from calibration.lowered import Lowered
from edge.bundle.accuracy import AccuracyCard, SetAccuracy
from edge.bundle.bundle import Bundle
from edge.bundle.files import entry_from_bytes
from edge.bundle.precision import Precision
from edge.bundle.self_test import Expectation
from edge.bundle.writing import write_bundle
from edge.decoders import BoxDecoder
from edge.errors import ModelError
from edge.tasks.loading import task_from_runner
from edge.tasks.self_test import picture_from_png
from export.pictures import CheckPicture
from export.runner_from_onnx import runner_from_onnx
from export.self_test_vector import Tolerance, expectation_of

# A GPU rounds where ONNX Runtime does not; a step of INT8 that tips over moves more than a rounding.
TOLERANCES: dict[Precision, Tolerance] = {
    "fp16": Tolerance(absolute=0.1, relative=0.05, box_px=2.0, score=0.05),
    "int8": Tolerance(absolute=0.5, relative=0.1, box_px=4.0, score=0.1),
}


def packed(bundle: Bundle, lowered: Sequence[Lowered], judge: Judge, folder: Path, *, data: Path | None) -> Bundle:
    """Write the bundle with these precisions into `folder`, each having passed its own self-test, and return it.

    A precision that the bundle has already is replaced. Raises `OutputError` when it cannot be written and `ModelError`
    when a file fails its self-test.
    """
    manifest = bundle.manifest
    replaced = {one.precision for one in lowered}
    models = {name: file for name, file in manifest.models.items() if name not in replaced}
    expected = {name: own for name, own in manifest.self_test.expected.items() if name not in replaced}
    accuracy = {name: card for name, card in manifest.accuracy.items() if name not in replaced}
    kept = {*models.values(), manifest.self_test.picture}
    kept |= {tensor.file for own in expected.values() for tensor in own.tensors}
    contents = {name: bundle.read_file(name) for name in manifest.files if name in kept}
    for one in lowered:
        models[one.precision] = f"model.{one.precision}.onnx"
        contents[models[one.precision]] = one.model
        expected[one.precision], files = _expectation(bundle, one)
        contents |= files
        accuracy[one.precision] = _card(one, judge, data)
    whole = manifest.model_copy(
        update={
            "models": models,
            "files": {name: entry_from_bytes(content) for name, content in contents.items()},
            "self_test": manifest.self_test.model_copy(update={"expected": expected}),
            "accuracy": accuracy,
        }
    )

    def verify(draft: Bundle) -> None:
        try:
            for precision in draft.precisions:
                draft.verify(precision=precision)
        except ModelError as error:
            raise ModelError(f"the new bundle fails its own self-test and was not written: {error}") from error

    return write_bundle(folder, type(manifest).model_validate(dict(whole)), contents, check=verify)


def _expectation(bundle: Bundle, lowered: Lowered) -> tuple[Expectation, dict[str, bytes]]:
    contract, self_test = bundle.manifest, bundle.manifest.self_test
    picture = picture_from_png(bundle.read_file(self_test.picture), origin=self_test.picture)
    sample = CheckPicture(picture, self_test.boxes_xyxy, self_test.keypoints)
    with task_from_runner(contract, runner_from_onnx(contract, lowered.model)) as task:
        return expectation_of(
            task, sample, folder=f"selftest/{lowered.precision}", tolerance=TOLERANCES[lowered.precision]
        )


def _card(lowered: Lowered, judge: Judge, data: Path | None) -> AccuracyCard:
    task = lowered.verdict.task
    shown, kind = ("rendered scenes", "scenes") if judge.rendered else ("held out", "pictures")
    truth = f"the {'scenes' if judge.rendered else 'sets'}' labels" if judge.labelled else "the float32 model's answers"
    spared = f"{len(lowered.spared)} nodes spared" if lowered.spared else "no node spared"
    method = f", ranges by {lowered.method}" if lowered.method else ""
    decoder = judge.contract.decoder
    return AccuracyCard(
        metric=task.metric,
        value=round(task.value, 4),
        split="rendered" if judge.rendered else "test",
        min_score=decoder.min_score if isinstance(decoder, BoxDecoder) else None,
        date=datetime.now(timezone.utc).date().isoformat(),
        command=f"edge-export --{lowered.precision}" + ("" if data is None else f" --calibrate {data.name}"),
        sets=(_row(shown, lowered.verdict), _row(f"{shown}, float32", judge.reference)),
        note=f"judged by {truth} on {kind} kept from calibration; {spared}{method}",
    )


def _row(name: str, verdict: Verdict) -> SetAccuracy:
    task, cascade = verdict.task, verdict.cascade
    figures = {task.metric: round(task.value, 4), "hands": float(task.hands)}
    if cascade is not None:
        figures |= {
            f"cascade_{cascade.metric}": round(cascade.value, 4),
            "cascade_hands": float(cascade.hands),
            "cascade_found": float(cascade.found),
        }
    return SetAccuracy(name=name, pictures=task.pictures, figures=figures)
