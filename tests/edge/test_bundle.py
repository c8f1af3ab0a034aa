# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.bundle.bundle import Bundle
from edge.bundle.manifest import MANIFEST_FILE
from edge.errors import BundleDamagedError, BundleError, BundleFormatError

Change = Callable[[Path], None]


def test_a_sound_bundle_opens_and_passes_its_self_test(sound_bundle: Path) -> None:
    bundle = Bundle.open(sound_bundle)
    report = bundle.verify()
    assert bundle.precisions == ("fp32",)
    assert set(report.max_abs_difference) == {"level_8", "level_16", "level_32"}
    assert report.hands > 0
    assert "small-detector 1.2.3" in repr(bundle)


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
def test_every_damage_to_a_file_has_its_own_sentence(bundle_copy: Path, change: Change, message: str) -> None:
    change(bundle_copy)
    with pytest.raises(BundleDamagedError, match=message) as caught:
        Bundle.open(bundle_copy)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_an_oversized_manifest_is_refused(bundle_copy: Path) -> None:
    with (bundle_copy / MANIFEST_FILE).open("ab") as stream:
        stream.write(b" " * 2**20)
    with pytest.raises(BundleDamagedError, match="more than the 1048576 allowed"):
        Bundle.open(bundle_copy)


def test_a_linked_manifest_is_refused_but_a_link_to_a_bundle_is_followed(bundle_copy: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(bundle_copy)
    assert Bundle.open(tmp_path / "current").manifest.name == "small-detector"
    (bundle_copy / MANIFEST_FILE).rename(tmp_path / MANIFEST_FILE)
    (bundle_copy / MANIFEST_FILE).symlink_to(tmp_path / MANIFEST_FILE)
    with pytest.raises(BundleDamagedError, match="leads out"):
        Bundle.open(bundle_copy)


def test_what_is_no_bundle_says_what_one_is(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"has no bundle\.json"):
        Bundle.open(tmp_path)
    with pytest.raises(BundleError, match="is not a folder"):
        Bundle.open(tmp_path / "nowhere")


def test_a_precision_that_is_not_there_names_those_that_are(sound_bundle: Path) -> None:
    with pytest.raises(BundleFormatError, match="holds fp32, not int8"):
        Bundle.open(sound_bundle).read_model("int8")


def test_only_listed_files_are_read(bundle_copy: Path) -> None:
    (bundle_copy / "notes.txt").write_text("not part of the bundle")
    with pytest.raises(BundleFormatError, match=r"lists no file 'notes\.txt'"):
        Bundle.open(bundle_copy).read_file("notes.txt")
