# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import MANIFEST_FILE
from edge.errors import BundleDamagedError, BundleError, BundleFormatError, ModelError
from edge.runners import FakeRunner
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_contract,
    detector_model,
    write_small_bundle,
)

Change = Callable[[Path], None]
MODEL = detector_model()


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "small-detector"
    return write_small_bundle(folder, detector_contract(), detector_model()).path


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "copy"))


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((folder / MANIFEST_FILE).read_text())
    change(document)
    (folder / MANIFEST_FILE).write_text(json.dumps(document))


def relist(folder: Path, name: str) -> None:
    content = (folder / name).read_bytes()
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    edit(folder, lambda document: document["files"].update({name: entry}))


def test_a_sound_bundle_opens_and_passes_its_self_test(sound: Path) -> None:
    bundle = Bundle.open(sound)
    report = bundle.verify()
    assert bundle.precisions == ("fp32",)
    assert bundle.model_path() == sound / "model.onnx"
    assert set(report.max_abs_difference) == {"level_8", "level_16", "level_32"}
    assert report.hands > 0
    assert "small-detector 1.2.3" in repr(bundle)


def test_a_classifier_passes_its_self_test(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "b", classifier_contract(), classifier_model())
    assert bundle.verify().hands == 2


def drop_model(folder: Path) -> None:
    (folder / "model.onnx").unlink()


def flip_a_bit(folder: Path) -> None:
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)


def truncate(folder: Path) -> None:
    os.truncate(folder / "model.onnx", 100)


def link_out(folder: Path) -> None:
    outside = folder.parent / "outside.onnx"
    (folder / "model.onnx").rename(outside)
    (folder / "model.onnx").symlink_to(outside)


def link_folder_out(folder: Path) -> None:
    (folder / "selftest").rename(folder.parent / "elsewhere")
    (folder / "selftest").symlink_to(folder.parent / "elsewhere")


def make_a_folder(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").mkdir()


def make_a_pipe(folder: Path) -> None:
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")


def grow_beyond_the_limit(folder: Path) -> None:
    os.truncate(folder / "model.onnx", 2**28 + 1)


def grow_the_picture(folder: Path) -> None:
    os.truncate(folder / "selftest/picture.png", 2**24 + 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_model, "model.onnx is missing"),
        (flip_a_bit, "SHA-256 differs"),
        (truncate, "has 100 bytes, the manifest says"),
        (link_out, "leads out of the bundle"),
        (link_folder_out, "leads out of the bundle"),
        (make_a_folder, "not a regular file"),
        (make_a_pipe, "not a regular file"),
        (grow_beyond_the_limit, "more than the 268435456 allowed"),
        (grow_the_picture, "more than the 16777216 allowed"),
    ],
)
def test_every_damage_to_a_file_has_its_own_sentence(copy: Path, change: Change, message: str) -> None:
    change(copy)
    with pytest.raises(BundleDamagedError, match=message) as caught:
        Bundle.open(copy)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


def set_field(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def rename_listed_file(name: str) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document["files"][name] = document["files"].pop("model.onnx")
        document["models"]["fp32"] = name

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            set_field("schema", value="edge.bundle/2"),
            r"expected schema 'edge.bundle/1', got 'edge.bundle/2'; update edge",
        ),
        (lambda document: document.pop("schema"), "got None"),
        (set_field("colour", value=1), "colour: unknown field"),
        (set_field("input", "sharpen", value=1), "input.sharpen: unknown field"),
        (lambda document: document.pop("provenance"), "provenance: missing"),
        (set_field("version", value="1.0"), "version:"),
        (set_field("name", value="../escape"), "name:"),
        (set_field("input", "width_px", value="96"), "input.width_px:"),
        (set_field("input", "std", value=[1.0, 0.0, 1.0]), "std must be above 0"),
        (set_field("input", "mean", value=[1.0]), "mean needs 3 values"),
        (set_field("input", "width_px", value=100), "multiples of 32"),
        (set_field("outputs", value=[{"name": "a", "shape": ["batch/x"]}]), r"outputs.0.shape.0"),
        (set_field("decoder", "type", value="magic"), "decoder: .*anchor-free-ltrb"),
        (set_field("decoder", "levels", value=[{"output": "level_9", "stride_px": 9}]), "decoder reads level_9"),
        (set_field("task", value="classifier"), "task 'classifier' cannot use decoder 'anchor-free-ltrb'"),
        (set_field("models", "fp32", value="other.onnx"), "files must list other.onnx"),
        (set_field("models", "fp64", value="model.onnx"), "models.fp64"),
        (set_field("files", "model.onnx", "bytes", value=2**40), "files.model.onnx.bytes"),
        (set_field("files", "model.onnx", "sha256", value="00"), "files.model.onnx.sha256"),
        (set_field("accuracy", value={"int8": {"metric": "a", "value": 1.0, "split": "b", "command": "c"}}), "int8"),
        (rename_listed_file("../model.onnx"), "relative path within it"),
        (rename_listed_file("/etc/passwd"), "relative path within it"),
        (rename_listed_file("a/../../model.onnx"), "relative path within it"),
        (rename_listed_file("C:\\model.onnx"), "relative path within it"),
        (rename_listed_file(""), "relative path within it"),
    ],
)
def test_every_fault_of_a_manifest_names_its_place(
    copy: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    edit(copy, change)
    with pytest.raises(BundleFormatError, match=message) as caught:
        Bundle.open(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected JSON"),
        (b"\xff\xfe", "expected JSON in UTF-8"),
        (b"{", "expected JSON"),
        (b"[]", "got None"),
        (b"3", "got None"),
        (b'{"schema": "edge.bundle/1", "schema": "edge.bundle/1"}', "'schema' appears twice"),
        (b'{"schema": NaN}', "NaN is not a JSON number"),
        (b'{"schema": 1e999}', "too large"),
        (b"[" * 200_000, "nested deeper"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "expected JSON"),
    ],
)
def test_what_is_not_plain_json_is_refused(copy: Path, content: bytes, message: str) -> None:
    (copy / MANIFEST_FILE).write_bytes(content)
    with pytest.raises(BundleFormatError, match=message) as caught:
        Bundle.open(copy)
    assert len(str(caught.value)) < 500


def test_brackets_in_strings_are_not_nesting(copy: Path) -> None:
    edit(copy, set_field("description", value='[{"' * 100))
    assert Bundle.open(copy).manifest.description.startswith('[{"')


def test_an_oversized_manifest_is_refused(copy: Path) -> None:
    with (copy / MANIFEST_FILE).open("ab") as stream:
        stream.write(b" " * 2**20)
    with pytest.raises(BundleDamagedError, match="more than the 1048576 allowed"):
        Bundle.open(copy)


def test_a_linked_manifest_is_refused_but_a_link_to_a_bundle_is_followed(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(copy)
    assert Bundle.open(tmp_path / "current").manifest.name == "small-detector"
    (copy / MANIFEST_FILE).rename(tmp_path / MANIFEST_FILE)
    (copy / MANIFEST_FILE).symlink_to(tmp_path / MANIFEST_FILE)
    with pytest.raises(BundleDamagedError, match="leads out"):
        Bundle.open(copy)


def test_what_is_no_bundle_says_what_one_is(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"has no bundle\.json"):
        Bundle.open(tmp_path)
    with pytest.raises(BundleError, match="is not a folder"):
        Bundle.open(tmp_path / "nowhere")


def test_a_precision_that_is_not_there_names_those_that_are(sound: Path) -> None:
    with pytest.raises(BundleFormatError, match="holds fp32, not int8"):
        Bundle.open(sound).read_model("int8")


def test_only_listed_files_are_read(copy: Path) -> None:
    (copy / "notes.txt").write_text("not part of the bundle")
    with pytest.raises(BundleFormatError, match=r"lists no file 'notes\.txt'"):
        Bundle.open(copy).read_file("notes.txt")


def external(model: onnx.ModelProto) -> onnx.ModelProto:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../secret")
    return model


def external_in_a_branch(model: onnx.ModelProto) -> onnx.ModelProto:
    branch = onnx.helper.make_graph(
        [], "branch", [], [], [external(onnx.ModelProto().FromString(detector_model())).graph.initializer[0]]
    )
    node = onnx.helper.make_node("If", ["c"], ["d"], then_branch=branch)
    model.graph.node.append(node)
    return model


def external_in_a_function(model: onnx.ModelProto) -> onnx.ModelProto:
    tensor = external(onnx.ModelProto().FromString(detector_model())).graph.initializer[0]
    node = onnx.helper.make_node("Constant", [], ["c"], value=tensor)
    model.functions.append(onnx.helper.make_function("d", "f", [], ["c"], [node], []))
    return model


@pytest.mark.parametrize("change", [external, external_in_a_branch, external_in_a_function])
def test_a_model_with_data_in_other_files_is_refused(
    copy: Path, change: Callable[[onnx.ModelProto], onnx.ModelProto]
) -> None:
    model = change(onnx.load_from_string(detector_model()))
    (copy / "model.onnx").write_bytes(model.SerializeToString())
    relist(copy, "model.onnx")
    with pytest.raises(BundleFormatError, match="keeps weights in other files"):
        Bundle.open(copy).read_model()


@pytest.mark.parametrize("content", [b"", b"not onnx at all", MODEL[:300], b"\x0b\x0b", b"\x3a\xff\xff\xff\xff\x7f"])
def test_a_listed_file_that_is_no_onnx_is_refused(copy: Path, content: bytes) -> None:
    (copy / "model.onnx").write_bytes(content)
    relist(copy, "model.onnx")
    with pytest.raises(BundleFormatError, match="not a readable ONNX file"):
        Bundle.open(copy).read_model()


def test_a_model_of_other_shapes_than_the_manifest_says_is_refused(copy: Path) -> None:
    (copy / "model.onnx").write_bytes(classifier_model())
    relist(copy, "model.onnx")
    with pytest.raises(BundleFormatError, match="manifest has input 'image', the model has crops"):
        Bundle.open(copy).verify()


def test_a_model_with_other_weights_fails_the_self_test(copy: Path) -> None:
    (copy / "model.onnx").write_bytes(detector_model(seed=1))
    relist(copy, "model.onnx")
    with pytest.raises(ModelError, match="self-test failed, 'level_"):
        Bundle.open(copy).verify()


def test_a_runner_that_gives_nan_or_other_hands_fails_the_self_test(sound: Path) -> None:
    bundle = Bundle.open(sound)
    inputs = (bundle.manifest.input.spec(),)
    outputs = tuple(output.spec() for output in bundle.manifest.outputs)

    def nothing(arrays: Any) -> dict[str, Any]:
        _, _, height, width = arrays["image"].shape
        return {f"level_{s}": np.full((1, 5, height // s, width // s), np.nan, np.float32) for s in (8, 16, 32)}

    with pytest.raises(ModelError, match="self-test failed"):
        bundle.verify(runner=FakeRunner(inputs=inputs, outputs=outputs, function=nothing))


def test_a_self_test_whose_hands_changed_fails(copy: Path) -> None:
    edit(
        copy,
        lambda document: document["self_test"]["expected"]["fp32"]["hands"][0].update(box_xyxy=[0.0, 0.0, 1.0, 1.0]),
    )
    with pytest.raises(ModelError, match="self-test failed, no hand as"):
        Bundle.open(copy).verify()
    edit(copy, lambda document: document["self_test"]["expected"]["fp32"].update(hands=[]))
    with pytest.raises(ModelError, match="hands more than the 0 expected"):
        Bundle.open(copy).verify()


def test_an_array_with_pickles_is_refused(copy: Path) -> None:
    np.save(copy / "selftest/level_8.npy", np.array([{}], object), allow_pickle=True)
    relist(copy, "selftest/level_8.npy")
    with pytest.raises(BundleDamagedError, match=r"not a plain \.npy array"):
        Bundle.open(copy).verify()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_manifest_opens_or_is_a_bundle_error(sound: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray((sound / MANIFEST_FILE).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.integers(0, 3)))
        content[start:end] = data.draw(st.binary(max_size=3))
    folder = tmp_path / "mutant"
    if not folder.exists():
        shutil.copytree(sound, folder)
    (folder / MANIFEST_FILE).write_bytes(content)
    with contextlib.suppress(BundleError):
        assert Bundle.open(folder).manifest.name


@settings(max_examples=150)
@given(data=st.data())
def test_a_mutated_model_is_read_or_is_a_format_error(data: st.DataObject) -> None:
    from edge.bundle.onnx_wire import refuse_external_data

    content = bytearray(MODEL)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    with contextlib.suppress(BundleFormatError):
        refuse_external_data(bytes(content), origin="mutant")
