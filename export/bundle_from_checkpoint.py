# SPDX-License-Identifier: Apache-2.0
"""The whole way from a checkpoint to a bundle that has passed its own self-test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.bundle.contract import ModelContract
from edge.bundle.files import entry_from_bytes
from edge.bundle.manifest import MAX_MODEL_BYTES, Manifest
from edge.bundle.provenance import Provenance
from edge.bundle.self_test import SelfTest
from edge.bundle.tensors import InputTensor
from edge.bundle.writing import write_bundle
from edge.errors import ModelError, UsageError
from edge.tasks.loading import task_from_runner
from export.accuracy_card import accuracy_card
from export.comparison import agreement, tensors_from_pictures
from export.contract_from_recipe import contract_from_recipe
from export.onnx_from_module import OPSET, onnx_from_module
from export.output_difference import output_differences
from export.pictures import CheckPicture, picture_from_file, pictures_from_folder, rendered_pictures, strips, whole
from export.report import ExportReport, FileComparison
from export.runner_from_module import runner_from_module
from export.runner_from_onnx import runner_from_onnx
from export.self_test_vector import self_test_vector
from export.settings import ExportSettings
from export.simplify import simplified
from training.checkpoint import Checkpoint, read_checkpoint
from training.decoder_from_recipe import with_min_score, with_presence_trust

CODE_LICENCE = "Apache-2.0"
MODEL_FILE = "model.onnx"
TOOLS = ("torch", "onnx", "onnxscript", "onnxsim", "onnxruntime")
SELF_TEST_WIDTH_PX, SELF_TEST_HEIGHT_PX = 426, 240


def bundle_from_checkpoint(path: Path, settings: ExportSettings, *, say: Callable[[str], None]) -> ExportReport:
    """Export the checkpoint at `path`, compare, pack and verify; `say` is told about each step.

    Raises `SourceError` for inputs that cannot be read, `UsageError` for settings, `ModelError` when ONNX and PyTorch
    disagree, `OutputError` when the bundle cannot be written.
    """
    say(f"reading {path}")
    checkpoint = read_checkpoint(path)
    recipe = with_presence_trust(with_min_score(checkpoint.recipe, settings.min_score), settings.presence_trust)
    contract = contract_from_recipe(recipe, name=settings.name, version=settings.version, batch=settings.batch)
    card = accuracy_card(checkpoint, settings.accuracy, min_score=settings.min_score)
    pictures = _pictures(contract, settings)
    say(f"exporting to ONNX opset {OPSET}")
    exported = onnx_from_module(checkpoint.model(), contract)
    _require_room(exported)
    say(f"comparing with PyTorch on {len(pictures)} pictures")
    model, files = _chosen(checkpoint, contract, exported, pictures)
    say("recording the self-test")
    self_test, contents = _self_test(contract, model, settings)
    contents[MODEL_FILE] = model
    manifest = Manifest(
        **dict(contract),
        description=settings.description,
        models={"fp32": MODEL_FILE},
        files={name: entry_from_bytes(content) for name, content in contents.items()},
        self_test=self_test,
        accuracy={} if card is None else {"fp32": card},
        provenance=_provenance(checkpoint, weights_licence=settings.weights_licence),
    )
    folder = settings.to / contract.name
    say(f"verifying and writing {folder}")
    bundle = write_bundle(folder, manifest, contents, check=_verify)
    hands = len(self_test.expected["fp32"].hands)
    if not hands:
        say("the model finds no hand in the self-test picture, which tests little; give another one with --picture")
    return ExportReport(bundle.path, OPSET, len(pictures), settings.data is None, files, hands)


def _verify(bundle: Bundle) -> None:
    try:
        bundle.verify()
    except ModelError as error:
        raise ModelError(f"the new bundle fails its own self-test and was not written: {error}") from error


def _require_room(model: bytes) -> None:
    if len(model) > MAX_MODEL_BYTES:
        raise ModelError(
            f"the model has {len(model) >> 20} MiB and a bundle takes {MAX_MODEL_BYTES >> 20}; train a smaller one"
        )


def _pictures(contract: ModelContract, settings: ExportSettings) -> list[CheckPicture]:
    pictures = (
        rendered_pictures() if settings.data is None else pictures_from_folder(settings.data, most=settings.pictures)
    )
    if contract.task == "pose":
        pictures = _with_keypoints(pictures)
    if isinstance(contract.input, InputTensor) and contract.input.multiple_px is not None:
        pictures += [CheckPicture(strip, (whole(strip),)) for strip in strips(pictures[0].picture)]
    return pictures


def _chosen(
    checkpoint: Checkpoint, contract: ModelContract, exported: bytes, pictures: Sequence[CheckPicture]
) -> tuple[bytes, tuple[FileComparison, ...]]:
    """Return the simplified file where it agrees with PyTorch, else the exported one. Raises `ModelError`."""
    compared = _compared(checkpoint, contract, exported, pictures, file="exported", remark=f"opset {OPSET}")
    if not compared.agrees:
        raise ModelError(
            f"the exported ONNX does not compute what PyTorch does: {_worst(compared)}; no bundle was written"
        )
    simpler, remark = simplified(exported)
    if simpler is None:
        return exported, (replace(compared, remark=f"{compared.remark}; {remark}"),)
    again = _compared(checkpoint, contract, simpler, pictures, file="simplified", remark=remark)
    if again.agrees:
        return simpler, (replace(compared, kept=False), again)
    return exported, (compared, replace(again, kept=False, remark=f"{remark}; dropped, {_worst(again)}"))


def _compared(
    checkpoint: Checkpoint,
    contract: ModelContract,
    model: bytes,
    pictures: Sequence[CheckPicture],
    *,
    file: str,
    remark: str,
) -> FileComparison:
    tensors = tensors_from_pictures(contract.input, pictures)
    with (
        runner_from_module(checkpoint.model(), contract) as ours,
        runner_from_onnx(contract, model) as theirs,
    ):
        outputs = output_differences(ours, theirs, tensors)
        hands = agreement(task_from_runner(contract, ours), task_from_runner(contract, theirs), pictures)
    return FileComparison(file=file, bytes=len(model), kept=True, remark=remark, outputs=outputs, hands=hands)


def _worst(compared: FileComparison) -> str:
    output = max(compared.outputs, key=lambda difference: difference.of_allowed)
    hands = compared.hands
    return (
        f"{output.output!r} differs by up to {output.max_abs:.3g} ({output.of_allowed:.1f} times what is allowed), "
        f"{hands.agreeing} of {hands.reference_hands} hands agree"
    )


def _self_test(contract: ModelContract, model: bytes, settings: ExportSettings) -> tuple[SelfTest, dict[str, bytes]]:
    sample = (
        rendered_pictures(width_px=SELF_TEST_WIDTH_PX, height_px=SELF_TEST_HEIGHT_PX, most=1)[0]
        if settings.picture is None
        else picture_from_file(settings.picture)
    )
    if contract.task == "pose":
        _with_keypoints([sample])
    with runner_from_onnx(contract, model) as runner:
        return self_test_vector(task_from_runner(contract, runner), sample)


def _with_keypoints(pictures: Sequence[CheckPicture]) -> list[CheckPicture]:
    having = [one for one in pictures if one.keypoints]
    if not having:
        raise UsageError("a pose model is tried on hands with keypoints, which rendered ones have; leave pictures out")
    return having


def _provenance(checkpoint: Checkpoint, *, weights_licence: str) -> Provenance:
    return Provenance(
        code_licence=CODE_LICENCE,
        weights_licence=weights_licence,
        data=checkpoint.data,
        teachers=checkpoint.teachers,
        recipe=checkpoint.recipe.model_dump(mode="json"),
        seed=checkpoint.seed,
        commit=checkpoint.commit,
        tools=_tool_versions(),
    )


def _tool_versions() -> dict[str, str]:
    versions = {}
    for tool in TOOLS:
        with contextlib.suppress(PackageNotFoundError):
            versions[tool] = version(tool)
    return versions
