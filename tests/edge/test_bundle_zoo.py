# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge.bundle import zoo
from edge.bundle.bundle import Bundle
from edge.errors import UsageError
from tests.edge.bundles import detector_contract, detector_model, write_small_bundle


@pytest.fixture
def two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("hand-detector", "gesture-classifier"):
        write_small_bundle(tmp_path / "zoo" / name, detector_contract(name=name), detector_model())
    monkeypatch.setattr(zoo, "ZOO", tmp_path / "zoo")
    return tmp_path


def test_a_name_finds_its_bundle(two_models: Path) -> None:
    assert zoo.shipped_names() == ("gesture-classifier", "hand-detector")
    assert zoo.find_bundle("hand-detector") == two_models / "zoo" / "hand-detector"


def test_a_path_finds_its_bundle(two_models: Path) -> None:
    folder = two_models / "zoo" / "hand-detector"
    assert zoo.find_bundle(folder) == folder
    assert zoo.find_bundle(str(folder)) == folder
    assert zoo.find_bundle(folder / "bundle.json") == folder


@pytest.mark.usefixtures("two_models")
@pytest.mark.parametrize("wrong", ["hand-detecter", "Hand-Detector", "hand_detector", "handdetector"])
def test_a_misspelt_name_gets_the_nearest(wrong: str) -> None:
    with pytest.raises(
        UsageError, match=r"did you mean 'hand-detector'.*shipped models: gesture-classifier, hand-detector"
    ):
        zoo.find_bundle(wrong)


@pytest.mark.usefixtures("two_models")
def test_a_strange_name_gets_the_list_only() -> None:
    with pytest.raises(UsageError) as caught:
        zoo.find_bundle("/nowhere/at/all")
    assert "did you mean" not in str(caught.value)


@pytest.mark.parametrize("name", zoo.shipped_names())
def test_every_shipped_bundle_passes_its_self_test_and_says_where_it_comes_from(name: str) -> None:
    bundle = Bundle.open(zoo.find_bundle(name))
    bundle.verify()
    manifest = bundle.manifest
    assert manifest.name == name
    assert manifest.accuracy["fp32"].sets
    assert manifest.provenance.data
    assert all(row.licence for row in manifest.provenance.data)
    assert manifest.provenance.weights_licence != "not stated"


def test_looking_up_names_needs_no_model_libraries() -> None:
    code = "import sys, edge.bundle.zoo; print(sorted({'cv2', 'onnx', 'onnxruntime', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
