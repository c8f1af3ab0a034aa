# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import MANIFEST_FILE
from edge.errors import BundleError, BundleFormatError
from tests.edge.bundles import classifier_contract, edit_manifest


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


NARROW_CROP = classifier_contract().input.model_dump(mode="json") | {"height_px": 64}


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
        (set_field("input", "std", value=[1.0, 0.0, 1.0]), "std must lie within 0.001 and 1000"),
        (set_field("input", "mean", value=[1.0]), "mean needs 3 values"),
        (set_field("input", "width_px", value=100), "multiples of 32"),
        (set_field("input", value=NARROW_CROP), "fit 'crop' takes squares, so width_px and height_px must be equal"),
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
    bundle_copy: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    edit_manifest(bundle_copy, change)
    with pytest.raises(BundleFormatError, match=message) as caught:
        Bundle.open(bundle_copy)
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
def test_what_is_not_plain_json_is_refused(bundle_copy: Path, content: bytes, message: str) -> None:
    (bundle_copy / MANIFEST_FILE).write_bytes(content)
    with pytest.raises(BundleFormatError, match=message) as caught:
        Bundle.open(bundle_copy)
    assert len(str(caught.value)) < 500


def test_brackets_in_strings_are_not_nesting(bundle_copy: Path) -> None:
    edit_manifest(bundle_copy, set_field("description", value='[{"' * 100))
    assert Bundle.open(bundle_copy).manifest.description.startswith('[{"')


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_manifest_opens_or_is_a_bundle_error(sound_bundle: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray((sound_bundle / MANIFEST_FILE).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.integers(0, 3)))
        content[start:end] = data.draw(st.binary(max_size=3))
    folder = tmp_path / "mutant"
    if not folder.exists():
        shutil.copytree(sound_bundle, folder)
    (folder / MANIFEST_FILE).write_bytes(content)
    with contextlib.suppress(BundleError):
        assert Bundle.open(folder).manifest.name
