# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from pathlib import Path

import onnx
import pytest
import yaml

from edge.bundle.bundle import Bundle
from edge.cli.export import main
from tests.edge.bundles import GESTURES, classifier_model, noisy_picture

CONTRACT = {
    "name": "foreign",
    "version": "1.0.0",
    "task": "classifier",
    "input": {
        "name": "crops",
        "max_batch": 4,
        "fit": "crop",
        "width_px": 32,
        "height_px": 32,
        "colour": "rgb",
        "mean": [127, 127, 127],
        "std": [128, 128, 128],
        "pad": [127, 127, 127],
    },
    "outputs": [{"name": "gesture", "shape": ["batch", 3]}],
    "decoder": {
        "type": "softmax-heads",
        "heads": [{"output": "gesture", "role": "gesture", "labels": list(GESTURES)}],
    },
}
# The order of ai-forever's classifier of HaGRIDv2.
HAGRID_V2 = [
    "hand_down",
    "hand_right",
    "hand_left",
    "thumb_index",
    "thumb_left",
    "thumb_right",
    "thumb_down",
    "half_up",
    "half_left",
    "half_right",
    "half_down",
    "part_hand_heart",
    "part_hand_heart2",
    "fist_inverted",
    "two_left",
    "two_right",
    "two_down",
    "grabbing",
    "grip",
    "point",
    "call",
    "three3",
    "little_finger",
    "middle_finger",
    "dislike",
    "fist",
    "four",
    "like",
    "mute",
    "ok",
    "one",
    "palm",
    "peace",
    "peace_inverted",
    "rock",
    "stop",
    "stop_inverted",
    "three",
    "three2",
    "two_up",
    "two_up_inverted",
    "three_gun",
    "one_left",
    "one_right",
    "one_down",
]


def edge_export(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["edge-export", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
    printed = capsys.readouterr()
    return int(left.value.code or 0), printed.out, printed.err


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "model.onnx"
    file.write_bytes(classifier_model(heads={"gesture": 3}))
    return file


def contract_file(folder: Path, **changes: object) -> Path:
    file = folder / "contract.yaml"
    file.write_text(yaml.safe_dump(CONTRACT | changes))
    return file


def test_a_foreign_file_becomes_a_bundle_that_tests_itself(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options: list[str | Path] = ["--contract", contract_file(tmp_path), "--to", tmp_path, "--weights-licence", "MIT"]
    code, printed, told = edge_export(capsys, model, *options)
    assert code == 0, told
    assert printed.strip() == str(tmp_path / "foreign")
    bundle = Bundle.open(tmp_path / "foreign")
    assert bundle.verify().hands > 0
    assert bundle.manifest.provenance.weights_licence == "MIT"


def test_a_real_foreign_classifier_becomes_a_bundle_in_fp16_too(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = data_dir.parent / "foreign" / "crops_classifier.onnx"
    if not model.is_file():
        pytest.skip(f"no model by others at {model}")
    sides = {"name": "input", "max_batch": 8, "width_px": 128, "height_px": 128}
    head = {"output": "labels", "role": "gesture", "labels": HAGRID_V2}
    contract = contract_file(
        tmp_path,
        name="hagrid-crops",
        input=CONTRACT["input"] | sides,  # type: ignore[operator]
        outputs=[{"name": "labels", "shape": ["batch", 45]}],
        decoder={"type": "softmax-heads", "heads": [head]},
    )
    options: list[str | Path] = [
        "--contract",
        contract,
        "--to",
        tmp_path,
        "--fp16",
        "--calibrate",
        data_dir / "hagrid_mini",
    ]
    code, _, told = edge_export(capsys, model, *options, "--pictures", "24")
    assert code == 0, told
    assert Bundle.open(tmp_path / "hagrid-crops").precisions == ("fp32", "fp16")


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"task": "magic"}, 2, "is not the contract of a model: task"),
        ({"outputs": [{"name": "gesture", "shape": ["batch", 4]}]}, 2, "as many labels as the model has classes"),
        ({"input": CONTRACT["input"] | {"name": "image"}}, 2, "the model has crops"),  # type: ignore[operator]
        ({"input": CONTRACT["input"] | {"width_px": 16, "height_px": 16}}, 2, "does not describe"),  # type: ignore[operator]
    ],
)
def test_a_contract_that_is_not_the_models_is_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], code: int, message: str
) -> None:
    options: list[str | Path] = ["--contract", contract_file(tmp_path, **changes), "--to", tmp_path / "out"]
    left, _, told = edge_export(capsys, model, *options)
    assert (left, message in told) == (code, True), told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (b"", 4, "not a readable ONNX file"),
        (b"\x00" * 64, 4, "not a readable ONNX file"),
        (classifier_model()[: len(classifier_model()) // 2], 4, "not a readable ONNX file"),
    ],
    ids=["empty", "zeros", "cut"],
)
def test_a_file_that_is_no_model_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, code: int, message: str
) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    left, _, told = edge_export(
        capsys, tmp_path / "model.onnx", "--contract", contract_file(tmp_path), "--to", tmp_path
    )
    assert (left, message in told) == (code, True), told


def test_operators_of_others_are_named(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = onnx.load(model)
    graph.graph.node[1].domain = "com.example"
    graph.graph.node[1].name = "strange"
    graph.opset_import.append(onnx.helper.make_opsetid("com.example", 1))
    onnx.save(graph, model)
    left, _, told = edge_export(capsys, model, "--contract", contract_file(tmp_path))
    assert left == 5
    assert "'com.example' in node 'strange'" in told


def test_without_a_contract_nothing_is_guessed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left, _, told = edge_export(capsys, model)
    assert left == 2
    assert "--contract" in told


def test_a_picture_may_be_given_for_the_self_test(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "hand.png"), noisy_picture(60, 50))
    options: list[str | Path] = [
        "--contract",
        contract_file(tmp_path),
        "--to",
        tmp_path,
        "--picture",
        tmp_path / "hand.png",
    ]
    assert edge_export(capsys, model, *options)[0] == 0
    assert Bundle.open(tmp_path / "foreign").manifest.self_test.boxes_xyxy == ((0, 0, 60, 50),)
