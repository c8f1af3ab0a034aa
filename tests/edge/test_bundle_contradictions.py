# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.bundle.bundle import Bundle
from edge.errors import BundleFormatError
from edge.tasks import load
from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_contract,
    edit_manifest,
    list_again,
    write_small_bundle,
)

LEVELS = [level.model_dump() for level in detector_contract().decoder.levels]  # type: ignore[union-attr]
HEADS = [head.model_dump(mode="json") for head in classifier_contract().decoder.heads]  # type: ignore[union-attr]


@pytest.fixture
def classifier_bundle(tmp_path: Path) -> Path:
    return write_small_bundle(tmp_path / "classifier", classifier_contract(), classifier_model()).path


def edit_part(folder: Path, part: str, changes: dict[str, Any]) -> None:
    edit_manifest(folder, lambda document: document[part].update(changes))


def swapped(levels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    strides_px = [level["stride_px"] for level in levels]
    return [level | {"stride_px": stride} for level, stride in zip(levels, reversed(strides_px), strict=True)]


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        (
            "decoder",
            {"levels": swapped(LEVELS)},
            r"'level_8' must be \(batch, 5, height/32, width/32\) for stride_px 32",
        ),
        ("decoder", {"levels": [LEVELS[0] | {"stride_px": 3}]}, "multiple_px must be a multiple of every stride"),
        ("decoder", {"levels": [LEVELS[0] | {"stride_px": 4}]}, r"'level_8' must be .*, got \(batch, 5, height/8"),
        ("input", {"multiple_px": 16}, "multiple_px must be a multiple of every stride, got 16 with stride_px 32"),
        ("input", {"multiple_px": None, "width_px": 80}, "width_px must be a multiple of every stride, got 80"),
        ("input", {"fit": "crop", "multiple_px": None}, "input.fit must be letterbox or stretch, got 'crop'"),
        ("input", {"width_px": 8192, "height_px": 8192, "max_batch": 1024}, "the largest input may have 1073741824"),
        ("input", {"mean": [1e308, 0.0, 0.0]}, "mean must lie within 0 and 255"),
        ("input", {"std": [1e-300, 1.0, 1.0]}, "std must lie within 0.001 and 1000"),
    ],
)
def test_a_detector_that_contradicts_itself_is_refused_by_name(
    bundle_copy: Path, part: str, changes: dict[str, Any], message: str
) -> None:
    edit_part(bundle_copy, part, changes)
    with pytest.raises(BundleFormatError, match=message) as caught:
        Bundle.open(bundle_copy)
    assert str(bundle_copy) in str(caught.value)


@pytest.mark.parametrize(
    ("part", "changes", "message"),
    [
        ("decoder", {"heads": [HEADS[1] | {"labels": ["foo", "bar"]}]}, "must be left and right, got foo, bar"),
        ("decoder", {"heads": [HEADS[0] | {"labels": ["fist", "palm"]}]}, r"'gesture' must be \(batch, 2\).*batch, 3"),
        ("input", {"fit": "letterbox"}, "input.fit must be crop, got 'letterbox'"),
    ],
)
def test_a_classifier_that_contradicts_itself_is_refused_by_name(
    classifier_bundle: Path, part: str, changes: dict[str, Any], message: str
) -> None:
    edit_part(classifier_bundle, part, changes)
    with pytest.raises(BundleFormatError, match=message) as caught:
        Bundle.open(classifier_bundle)
    assert str(classifier_bundle) in str(caught.value)


def test_levels_may_be_listed_in_any_order_and_have_the_numbers_of_a_fixed_input() -> None:
    decoder = detector_contract().decoder.model_dump() | {"levels": tuple(reversed(LEVELS))}
    assert detector_contract(decoder=decoder).decoder.output_names == ("level_32", "level_16", "level_8")
    fixed = detector_contract().input.model_dump() | {"multiple_px": None}
    outputs = tuple(
        {"name": level["output"], "shape": (1, 5, 96 // level["stride_px"], 96 // level["stride_px"])}
        for level in LEVELS
    )
    assert len(detector_contract(input=fixed, outputs=outputs).outputs) == len(LEVELS)


def test_a_model_that_lacks_an_input_of_the_manifest_is_refused_by_name(bundle_copy: Path) -> None:
    edit_part(bundle_copy, "input", {"name": "nope"})
    with pytest.raises(BundleFormatError, match=r"manifest has input 'nope', the model has image") as caught:
        load(bundle_copy)
    assert str(bundle_copy) in str(caught.value)


def test_a_model_that_cannot_be_loaded_is_refused_by_name(bundle_copy: Path) -> None:
    model = bundle_copy / "model.onnx"
    model.write_bytes(model.read_bytes().replace(b"Conv", b"Vnoc"))
    list_again(bundle_copy, "model.onnx")
    with pytest.raises(BundleFormatError, match=r"model\.onnx: ONNX Runtime .* could not load") as caught:
        load(bundle_copy)
    assert str(bundle_copy) in str(caught.value)
