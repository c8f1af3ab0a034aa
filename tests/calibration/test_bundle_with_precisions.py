# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.cli.export import main
from edge.runners.onnxruntime import OnnxRuntimeRunner
from tests.edge.bundles import noisy_picture, pose_contract, pose_model, write_small_bundle

Outcome = tuple[int, str, str]


def edge_export(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["edge-export", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_fp16_and_int8_are_measured_packed_and_tested(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options: list[str | Path] = [
        "--fp16",
        "--int8",
        "--calibrate",
        data_dir / "hagrid_mini",
        "--method",
        "mse",
        "--max-drop",
        "5",
    ]
    code, printed, said = edge_export(
        capsys, "gesture-classifier", *options, "--pictures", "24", "--to", tmp_path, "--json"
    )
    assert code == 0, said
    report = json.loads(printed)
    assert report["labelled"]
    assert [(entry["precision"], entry["written"]) for entry in report["lowered"]] == [("fp16", True), ("int8", True)]
    assert report["coverage"]["pictures"] > 32
    before = Bundle.open(find_bundle("gesture-classifier"))
    bundle = Bundle.open(tmp_path / "gesture-classifier")
    assert bundle.precisions == ("fp32", "fp16", "int8")
    assert bundle.read_model() == before.read_model()
    for precision in bundle.precisions:
        assert bundle.verify(precision=precision).precision == precision
        assert bundle.manifest.accuracy[precision].value > 0.5
    assert bundle.manifest.accuracy["int8"].sets[0].figures["cascade_hands"] > 0
    assert bundle.manifest.accuracy["int8"].split == "test"
    assert list((tmp_path / "cache").rglob("*.json"))


def test_fp16_needs_no_data_and_replaces_itself_byte_by_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(find_bundle("gesture-classifier"), tmp_path / "gesture-classifier")
    found = []
    for _ in range(2):
        code, printed, said = edge_export(capsys, tmp_path / "gesture-classifier", "--fp16", "--to", tmp_path)
        assert code == 0, said
        assert "fp16" in printed
        found.append(files_of(tmp_path / "gesture-classifier"))
    assert found[0] == found[1]
    bundle = Bundle.open(tmp_path / "gesture-classifier")
    assert bundle.precisions == ("fp32", "fp16")
    card = bundle.manifest.accuracy["fp16"]
    assert card.split == "rendered"
    assert [own.name for own in card.sets] == ["rendered scenes", "rendered scenes, float32"]
    assert "the scenes' labels on scenes" in card.note
    assert "rendered scenes" in printed
    with OnnxRuntimeRunner.from_bundle(bundle, precision="fp16") as runner:
        assert runner.inputs[0].dtype == "float32"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gesture-classifier"], 2, "add --fp16 or --int8"),
        (["gesture-classifier", "--int8"], 2, "name a folder with --calibrate"),
        (["gesture-classifier", "--fp16", "--name", "other"], 2, "--name is for checkpoints"),
        (["gesture-classifer", "--fp16"], 2, "did you mean 'gesture-classifier'"),
        (["gesture-classifier", "--fp16", "--partner", "hand-keypoints"], 2, "is a model that finds hands"),
        (["gesture-classifier", "--int8", "--calibrate", "nowhere"], 3, "nowhere is not a folder"),
        (["gesture-classifier", "--int8", "--calibrate", "NOISE"], 3, "noise or show nothing"),
        (["gesture-classifier", "--int8", "--calibrate", "NOISE", "--method", "magic"], 2, "magic"),
        (["gesture-classifier", "--fp16", "--calibrate", "PATCHES"], 3, "finds no hand in the pictures"),
        (["POSE", "--fp16"], 2, "pose model of a few kilobytes"),
        (["hand-segmenter", "--fp16"], 2, "segmenters stay float32"),
    ],
)
def test_a_fault_of_the_user_is_one_sentence_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    places = {"POSE": tmp_path / "pose", "NOISE": tmp_path / "noise", "PATCHES": tmp_path / "patches"}
    if "POSE" in arguments:
        write_small_bundle(places["POSE"], pose_contract(), pose_model())
    if "NOISE" in arguments:
        places["NOISE"].mkdir()
        for seed in range(30):
            noise = np.random.default_rng(seed).integers(0, 256, (60, 80, 3), np.uint8)
            cv2.imwrite(str(places["NOISE"] / f"{seed}.png"), noise)
    if "PATCHES" in arguments:
        places["PATCHES"].mkdir()
        for seed in range(12):
            cv2.imwrite(str(places["PATCHES"] / f"{seed}.png"), noisy_picture(80, 60, seed=seed))
    given = [str(places.get(one, one)) for one in arguments]
    left, printed, said = edge_export(capsys, *given, "--to", tmp_path / "out")
    assert left == code, said
    assert message in said
    assert printed == ""
    assert not (tmp_path / "out").exists()
