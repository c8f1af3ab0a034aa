# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import torch

import export.bundle_from_checkpoint as whole_way
from edge.bundle.bundle import Bundle
from edge.errors import ModelError, OutputError, UsageError
from edge.runners import OnnxRuntimeRunner
from edge.runners.opening import open_runner
from edge.tasks import load
from edge.tasks.loading import task_from_runner
from export.bundle_from_checkpoint import bundle_from_checkpoint
from export.comparison import agreement, tensors_from_pictures
from export.output_difference import output_differences
from export.pictures import pictures_from_folder
from export.report import ExportReport
from export.runner_from_module import runner_from_module
from export.settings import ExportSettings
from tests.edge.bundles import noisy_picture
from training.checkpoint import read_checkpoint
from training.models import build
from training.recipe_from_file import read_recipe

SMALL_CROPS = ["model.side_px=64", "input.width_px=64", "input.height_px=64"]
SMALL = ["model.widths=[8, 8, 8, 8, 8]", "model.depths=[0, 0, 0, 0]"]
CHANGES = {
    "hand-detector": [*SMALL, "model.neck_width=8"],
    "gesture-classifier": SMALL,
    "hand-keypoints": [*SMALL, *SMALL_CROPS, "model.neck_width=8", "model.hidden=16"],
}


COMMIT = f"{'a1' * 20}-dirty"


def checkpoint_of(name: str, folder: Path) -> Path:
    """Save an untrained small model as training would, with weights that make it answer."""
    recipe = read_recipe(name, CHANGES[name])
    torch.manual_seed(0)
    model: Any = build(recipe.model).train()
    with torch.no_grad():
        model(torch.randn(8, 3, 64, 64))
        for head in [axis.tell for axis in model.axes] if name == "hand-keypoints" else model.heads:
            last: Any = head[-1] if isinstance(head, torch.nn.Sequential) else head
            last.weight.normal_(0, 1.0)
            last.bias.fill_(1.0)
    path = folder / f"{name}.pt"
    state = {
        "step": 3,
        "model": build(recipe.model).state_dict(),
        "ema": model.state_dict(),
        "optimiser": {"state": {}},
        "metrics": {"ap50": 0.25, "recall": 0.5},
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
        "commit": COMMIT,
        "data": {"sets": [{"dataset": "noise", "licence": "CC0-1.0", "pictures": 2}], "teachers": ["a teacher (MIT)"]},
    }
    torch.save(state, path)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    for seed, (width_px, height_px) in enumerate([(640, 360), (360, 640), (300, 300), (640, 360)]):
        (folder / str(seed)).mkdir()
        cv2.imwrite(str(folder / str(seed) / "p.png"), noisy_picture(width_px, height_px, seed=seed))
    (folder / "broken.jpg").write_bytes(b"not a picture")
    return folder


@pytest.fixture(scope="module", params=sorted(CHANGES))
def exported(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pictures: Path
) -> tuple[Path, ExportReport]:
    folder = tmp_path_factory.mktemp("export")
    path = checkpoint_of(request.param, folder)
    settings = ExportSettings(to=folder / "bundles", data=pictures, picture=pictures / "0/p.png")
    return path, bundle_from_checkpoint(path, settings, say=lambda _: None)


def test_the_bundle_computes_what_pytorch_does(exported: tuple[Path, ExportReport]) -> None:
    _, report = exported
    assert report.opset == 18
    assert report.pictures >= 4
    assert [file.file for file in report.files if file.kept] == ["simplified"]
    for file in report.files:
        assert file.agrees
        assert file.hands.reference_hands > 0
    assert report.self_test_hands > 0
    assert Bundle.open(report.bundle).verify().hands == report.self_test_hands


def test_the_bundle_computes_what_pytorch_does_on_real_pictures(
    exported: tuple[Path, ExportReport], data_dir: Path
) -> None:
    path, report = exported
    contract = Bundle.open(report.bundle).manifest
    real = pictures_from_folder(data_dir / "hagrid_mini" / "test", most=6)
    with (
        runner_from_module(read_checkpoint(path).model(), contract) as ours,
        open_runner(Bundle.open(report.bundle)) as theirs,
    ):
        for difference in output_differences(ours, theirs, tensors_from_pictures(contract.input, real)):
            assert difference.of_allowed <= 1
        hands = agreement(task_from_runner(contract, ours), task_from_runner(contract, theirs), real)
    assert hands.complete
    assert hands.reference_hands > 0


def test_the_bundle_says_where_it_comes_from(exported: tuple[Path, ExportReport]) -> None:
    path, report = exported
    manifest = Bundle.open(report.bundle).manifest
    recipe = torch.load(path, weights_only=True)["recipe"]
    assert manifest.name == recipe["name"]
    assert manifest.provenance.recipe == recipe
    assert manifest.provenance.seed == recipe["seed"]
    assert manifest.provenance.data[0].name == "noise"
    assert manifest.provenance.teachers == ("a teacher (MIT)",)
    assert manifest.provenance.commit == COMMIT
    assert manifest.provenance.weights_licence == "not stated"
    assert manifest.accuracy["fp32"].value == 0.25
    assert manifest.accuracy["fp32"].split == "validation"


def test_the_model_is_valid_dynamic_and_says_nothing_about_this_machine(
    exported: tuple[Path, ExportReport], repo_root: Path
) -> None:
    _, report = exported
    content = Bundle.open(report.bundle).read_model()
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]
    shape = [size.dim_param or size.dim_value for size in model.graph.input[0].type.tensor_type.shape.dim]
    assert shape in (["batch", 3, "height", "width"], ["batch", 3, 128, 128], ["batch", 3, 64, 64])
    for word in (str(repo_root).encode(), b"site-packages", b".py", b"stack_trace"):
        assert word not in content


def test_the_bundle_loads_in_one_line(exported: tuple[Path, ExportReport]) -> None:
    _, report = exported
    task: Any = load(report.bundle)
    hands = task(noisy_picture(320, 200)) if not task.needs_hands else None
    if hands is None:
        hands = task(noisy_picture(320, 200), np.array([[10, 10, 100, 90]], np.float32))
        if hands.keypoints is None:
            assert hands.gestures is not None
            assert len(hands.gestures.names) == 19
        else:
            assert hands.keypoints.shape == (1, 21, 3)
    assert len(hands) > 0


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint_of("gesture-classifier", tmp_path_factory.mktemp("checkpoint"))


def test_a_fixed_batch_is_exported_compared_and_reproducible(classifier: Path, pictures: Path, tmp_path: Path) -> None:
    found = []
    for copy in ("a", "b"):
        settings = ExportSettings(to=tmp_path / copy, data=pictures, picture=pictures / "0/p.png", batch=1)
        found.append(bundle_from_checkpoint(classifier, settings, say=lambda _: None).bundle)
    first, second = ({p.name: p.read_bytes() for p in sorted(b.rglob("*")) if p.is_file()} for b in found)
    assert first == second
    bundle = Bundle.open(found[0])
    assert (bundle.manifest.input.min_batch, bundle.manifest.input.max_batch) == (1, 1)
    with OnnxRuntimeRunner(bundle.read_model()) as runner:
        assert runner.inputs[0].shape == (1, 3, 128, 128)
    task: Any = load(found[0])
    assert len(task(noisy_picture(200, 200), np.array([[1, 1, 90, 90], [50, 50, 150, 199]], np.float32))) == 2


def settings_for(folder: Path, pictures: Path) -> ExportSettings:
    return ExportSettings(to=folder, data=pictures, picture=pictures / "0/p.png")


def other_weights(model: bytes) -> bytes:
    changed = onnx.load_from_string(model)
    largest = max(changed.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    values = onnx.numpy_helper.to_array(largest) * 1.5
    largest.CopyFrom(onnx.numpy_helper.from_array(values, largest.name))
    return bytes(changed.SerializeToString())


def test_a_simplified_model_that_computes_something_else_is_dropped(
    exported: tuple[Path, ExportReport], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, report = exported
    model = Bundle.open(report.bundle).read_model()
    monkeypatch.setattr(whole_way, "onnx_from_module", lambda *_: model)
    monkeypatch.setattr(whole_way, "simplified", lambda _: (other_weights(model), "a bad pass"))
    again = bundle_from_checkpoint(path, settings_for(tmp_path, pictures), say=lambda _: None)
    assert [(file.file, file.kept) for file in again.files] == [("exported", True), ("simplified", False)]
    assert "dropped" in again.files[1].remark
    assert Bundle.open(again.bundle).read_model() == model


def test_a_model_without_onnxsim_is_kept_as_exported(
    exported: tuple[Path, ExportReport], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, report = exported
    model = Bundle.open(report.bundle).read_model()
    monkeypatch.setattr(whole_way, "onnx_from_module", lambda *_: model)
    monkeypatch.setitem(__import__("sys").modules, "onnxsim", None)
    again = bundle_from_checkpoint(path, settings_for(tmp_path, pictures), say=lambda _: None)
    assert [(file.file, file.kept) for file in again.files] == [("exported", True)]
    assert "onnxsim is not installed" in again.files[0].remark


def test_an_export_that_computes_something_else_writes_nothing(
    exported: tuple[Path, ExportReport], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, report = exported
    model = other_weights(Bundle.open(report.bundle).read_model())
    monkeypatch.setattr(whole_way, "onnx_from_module", lambda *_: model)
    with pytest.raises(ModelError, match=r"does not compute what PyTorch does.*no bundle was written"):
        bundle_from_checkpoint(path, settings_for(tmp_path / "out", pictures), say=lambda _: None)
    assert not (tmp_path / "out").exists()


def test_a_bundle_that_fails_its_self_test_replaces_nothing(
    exported: tuple[Path, ExportReport], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, report = exported
    model = Bundle.open(report.bundle).read_model()
    monkeypatch.setattr(whole_way, "onnx_from_module", lambda *_: model)
    before = bundle_from_checkpoint(path, settings_for(tmp_path, pictures), say=lambda _: None).bundle

    def failing(*_: object, **__: object) -> None:
        raise ModelError("self-test failed")

    monkeypatch.setattr(Bundle, "verify", failing)
    settings = replace(settings_for(tmp_path, pictures), version="2.0.0")
    with pytest.raises(ModelError, match="fails its own self-test and was not written"):
        bundle_from_checkpoint(path, settings, say=lambda _: None)
    assert Bundle.open(before).manifest.version == "1.0.0"
    assert [folder.name for folder in tmp_path.iterdir()] == [before.name]


def test_an_accuracy_card_is_packed(
    exported: tuple[Path, ExportReport], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, report = exported
    model = Bundle.open(report.bundle).read_model()
    monkeypatch.setattr(whole_way, "onnx_from_module", lambda *_: model)
    card = tmp_path / "card.json"
    card.write_text(
        '{"metric": "AP50", "value": 0.93, "split": "test", "date": "2026-11-21", "command": "python -m benchmarks",'
        ' "sets": [{"name": "noise", "pictures": 3, "figures": {"AP50": 0.93}, "pseudo_labels": true}]}'
    )
    settings = ExportSettings(to=tmp_path, data=pictures, accuracy=card, name="renamed", weights_licence="CC0-1.0")
    manifest = Bundle.open(bundle_from_checkpoint(path, settings, say=lambda _: None).bundle).manifest
    assert manifest.accuracy["fp32"].sets[0].pseudo_labels
    assert (manifest.name, manifest.provenance.weights_licence) == ("renamed", "CC0-1.0")
    card.write_text("{}")
    with pytest.raises(UsageError, match="is not an accuracy card: metric: missing"):
        bundle_from_checkpoint(path, settings, say=lambda _: None)


def test_a_folder_that_is_not_a_bundle_stays(
    exported: tuple[Path, ExportReport], pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, report = exported
    model = Bundle.open(report.bundle).read_model()
    monkeypatch.setattr(whole_way, "onnx_from_module", lambda *_: model)
    target = tmp_path / report.bundle.name
    shutil.copytree(pictures, target)
    with pytest.raises(OutputError, match="is not a bundle"):
        bundle_from_checkpoint(path, settings_for(tmp_path, pictures), say=lambda _: None)
    assert (target / "0/p.png").exists()
