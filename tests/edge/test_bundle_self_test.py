# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.bundle.bundle import Bundle
from edge.errors import BundleDamagedError, ModelError
from edge.runners import FakeRunner
from edge.tasks.self_test import array_from_npy
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_model,
    edit_manifest,
    list_again,
    write_small_bundle,
)


def test_a_classifier_passes_its_self_test(tmp_path: Path) -> None:
    bundle = write_small_bundle(tmp_path / "b", classifier_contract(), classifier_model())
    assert bundle.verify().hands == 2


def test_a_model_with_other_weights_fails_the_self_test(bundle_copy: Path) -> None:
    (bundle_copy / "model.onnx").write_bytes(detector_model(seed=1))
    list_again(bundle_copy, "model.onnx")
    with pytest.raises(ModelError, match="self-test failed, 'level_"):
        Bundle.open(bundle_copy).verify()


def test_a_runner_that_gives_nan_or_other_hands_fails_the_self_test(sound_bundle: Path) -> None:
    bundle = Bundle.open(sound_bundle)
    inputs = (bundle.manifest.input.spec(),)
    outputs = tuple(output.spec() for output in bundle.manifest.outputs)

    def nothing(arrays: Any) -> dict[str, Any]:
        _, _, height, width = arrays["image"].shape
        return {f"level_{s}": np.full((1, 5, height // s, width // s), np.nan, np.float32) for s in (8, 16, 32)}

    with pytest.raises(ModelError, match="self-test failed"):
        bundle.verify(runner=FakeRunner(inputs=inputs, outputs=outputs, function=nothing))


def test_a_self_test_whose_hands_changed_fails(bundle_copy: Path) -> None:
    edit_manifest(
        bundle_copy,
        lambda document: document["self_test"]["expected"]["fp32"]["hands"][0].update(box_xyxy=[0.0, 0.0, 1.0, 1.0]),
    )
    with pytest.raises(ModelError, match="self-test failed, no hand as"):
        Bundle.open(bundle_copy).verify()
    edit_manifest(bundle_copy, lambda document: document["self_test"]["expected"]["fp32"].update(hands=[]))
    with pytest.raises(ModelError, match="hands more than the 0 expected"):
        Bundle.open(bundle_copy).verify()


def test_an_array_with_pickles_is_refused(bundle_copy: Path) -> None:
    np.save(bundle_copy / "selftest/level_8.npy", np.array([{}], object), allow_pickle=True)
    list_again(bundle_copy, "selftest/level_8.npy")
    with pytest.raises(BundleDamagedError, match=r"not a plain \.npy array"):
        Bundle.open(bundle_copy).verify()


def npy(descr: str, shape: str, data: bytes) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (npy("'<f4'", "(10000000000000,)", b"1234"), r"promises \(10000000000000,\) float32, and 4 bytes follow"),
        (npy("'<f4'", "(2,)", b"1234"), "and 4 bytes follow"),
        (npy("'|S4'", "(1,)", b"1234"), "and 4 bytes follow"),
        (npy("'<f4'", "(-1, -1)", b"1234"), "not a plain"),
        (npy("'<f4'", "(1,", b"1234"), "not a plain"),
        (npy("'<f4'", f"{'-' * 9000}1", b"1234"), "not a plain"),
        (b"\x93NUMPY\x09\x00", "not a plain"),
        (b"numbers", "not a plain"),
        (b"", "not a plain"),
    ],
)
def test_an_array_that_is_not_what_its_header_says_is_refused(bundle_copy: Path, content: bytes, told: str) -> None:
    (bundle_copy / "selftest/level_8.npy").write_bytes(content)
    list_again(bundle_copy, "selftest/level_8.npy")
    with pytest.raises(BundleDamagedError, match=told):
        Bundle.open(bundle_copy).verify()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("values", [np.zeros((2, 3), np.float32), np.array(1.5), np.zeros((0, 4), np.int64)])
def test_a_plain_array_is_read_in_every_version_of_the_format(
    version: tuple[int, int], values: np.ndarray[Any, Any]
) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, values, version)
    assert np.array_equal(array_from_npy(stream.getvalue(), origin="values"), values)


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [(16, b"\x00\x01\x00\x00" * 2, "pixels, and at most 160 megapixels"), (0, b"MZ", "is not a picture")],
)
def test_a_picture_that_cannot_be_decoded_is_damage(bundle_copy: Path, place: int, value: bytes, told: str) -> None:
    name = Bundle.open(bundle_copy).manifest.self_test.picture
    content = bytearray((bundle_copy / name).read_bytes())
    content[place : place + len(value)] = value
    (bundle_copy / name).write_bytes(content)
    list_again(bundle_copy, name)
    with pytest.raises(BundleDamagedError, match=f"{told}.* export the bundle again"):
        Bundle.open(bundle_copy).verify()
