# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import pytest
import torch
from torch import nn

import edge
from edge.bundle.bundle import Bundle
from edge.decoders import LabelDecoder
from export.bundle_from_checkpoint import bundle_from_checkpoint
from export.settings import ExportSettings
from tests.edge.bundles import noisy_picture
from tests.training.importers.hagrid_files import TwoHeads, saved, version_1
from training.data.hagrid_gestures import V1_OUTPUTS
from training.importers.hagrid import state_from_hagrid
from training.loop import save_weights

LICENCE = "variant of CC BY-SA 4.0"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the bundle of a classifier in HaGRID's own layout, whose answers differ from each other."""
    folder = tmp_path_factory.mktemp("hagrid")
    torch.manual_seed(0)
    theirs = TwoHeads("mobilenet_v3_small")
    for head in (theirs.gesture_classifier, theirs.leading_hand_classifier):
        nn.init.normal_(head[-1].weight)  # type: ignore[arg-type]
    path = saved(folder / "theirs.pth", version_1(theirs.state_dict()))
    save_weights(folder / "ours.pt", state_from_hagrid(path, architecture="MobileNetV3_small"))
    (folder / "pictures").mkdir()
    cv2.imwrite(str(folder / "pictures" / "p.png"), noisy_picture(320, 240, seed=1))
    settings = ExportSettings(to=folder / "bundles", name="hagrid", data=folder / "pictures", weights_licence=LICENCE)
    report = bundle_from_checkpoint(folder / "ours.pt", settings, say=lambda _: None)
    assert all(file.agrees for file in report.files if file.kept)
    return report.bundle


def test_a_published_classifier_becomes_a_bundle_that_says_what_it_learned_from(bundle: Path) -> None:
    manifest = Bundle.open(bundle).manifest
    assert manifest.provenance.weights_licence == LICENCE
    assert [row.name for row in manifest.provenance.data] == ["HaGRID v1"]
    assert isinstance(manifest.decoder, LabelDecoder)
    assert {head.role: len(head.labels) for head in manifest.decoder.heads} == {"gesture": 19, "handedness": 2}


def test_the_bundle_names_the_gestures_of_a_real_picture(bundle: Path, data_dir: Path) -> None:
    picture = next((data_dir / "hagrid_mini" / "test" / "palm").glob("*.jpg"))
    with edge.Pipeline(models=["hand-detector", bundle], threads=1) as pipeline:
        (result,) = pipeline.run(picture)
    assert len(result.hands)
    assert result.hands.gestures is not None
    assert result.hands.gestures.names == V1_OUTPUTS
