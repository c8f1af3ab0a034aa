# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from edge.errors import SourceError
from tests.edge.cli.training_program import edge_train
from tests.training.small_sets import write_keypoints
from training.checkpoint import read_checkpoint
from training.evaluation import evaluate_checkpoint
from training.importers.caffe import message_of_caffe, tensors_of_caffemodel
from training.importers.openpose import state_from_openpose
from training.models.openpose_hand import LEAST_HEAT, OpenPoseHand, logits_of_maps

SIDE_PX = 64
SMALL: dict[str, Any] = {"side_px": SIDE_PX, "width": 4, "stages": 2}


def caffemodel(path: Path, tensors: Mapping[str, Tensor], *, old: bool = False) -> Path:
    """Write layers as Caffe does: a weight and a bias each; `old` as before 2014."""
    net = message_of_caffe()()
    for layer in sorted({name.rsplit(".", 1)[0] for name in tensors}):
        entry = (net.layers if old else net.layer).add(name=layer)
        for part in ("weight", "bias"):
            values = tensors[f"{layer}.{part}"]
            blob = entry.blobs.add(data=values.flatten().tolist())
            if old:
                sides = (1,) * (4 - values.ndim) + tuple(values.shape)
                blob.num, blob.channels, blob.height, blob.width = sides
            else:
                blob.shape.dim.extend(values.shape)
    path.write_bytes(net.SerializeToString())
    return path


@pytest.fixture(scope="module")
def network() -> OpenPoseHand:
    torch.manual_seed(0)
    return OpenPoseHand(**SMALL)


@pytest.fixture(scope="module")
def layers(network: OpenPoseHand) -> dict[str, Tensor]:
    return {name.removeprefix("layers."): value for name, value in network.state_dict().items()}


@pytest.mark.parametrize("old", [False, True])
def test_weights_come_out_of_a_caffemodel_as_they_went_in(
    tmp_path: Path, layers: dict[str, Tensor], *, old: bool
) -> None:
    read = tensors_of_caffemodel(caffemodel(tmp_path / "net.caffemodel", layers, old=old))
    assert read.keys() == layers.keys()
    assert all(torch.equal(read[name], layers[name]) for name in layers)


def test_the_published_network_has_the_layers_of_its_prototxt() -> None:
    with torch.device("meta"):
        shapes = {name: tuple(value.shape) for name, value in OpenPoseHand(side_px=368).state_dict().items()}
    assert len(shapes) == 2 * (15 + 2 + 5 * 7)
    assert shapes["layers.conv5_3_CPM.weight"] == (128, 512, 3, 3)
    assert shapes["layers.conv6_1_CPM.weight"] == (512, 128, 1, 1)
    assert shapes["layers.conv6_2_CPM.weight"] == (22, 512, 1, 1)
    assert shapes["layers.Mconv1_stage2.weight"] == (128, 150, 7, 7)
    assert shapes["layers.Mconv6_stage6.weight"] == (128, 128, 1, 1)
    assert shapes["layers.Mconv7_stage6.weight"] == (22, 128, 1, 1)


def test_a_keypoint_is_most_probable_where_its_map_is_hottest() -> None:
    heat = torch.zeros(1, 22, SIDE_PX // 8, SIDE_PX // 8)
    heat[0, 3, 2, 5] = 0.8
    x, y = logits_of_maps(heat, SIDE_PX)
    assert x.shape == y.shape == (1, 21, SIDE_PX)
    # The middle of cell (2, 5): bins of one pixel.
    assert abs(int(x[0, 3].argmax()) + 0.5 - 5.5 * 8) <= 1
    assert abs(int(y[0, 3].argmax()) + 0.5 - 2.5 * 8) <= 1
    assert torch.allclose(x[0, 4], torch.full((SIDE_PX,), float(np.log(LEAST_HEAT))))


def test_an_imported_network_is_measured_like_any_other(
    tmp_path: Path, layers: dict[str, Tensor], network: OpenPoseHand, capsys: pytest.CaptureFixture[str]
) -> None:
    path, to = caffemodel(tmp_path / "net.caffemodel", layers), tmp_path / "openpose.pt"
    code, printed, _ = edge_train(capsys, "import", "openpose", path, "--side-px", "64", "--to", to)
    assert (code, printed.strip()) == (0, str(to))
    checkpoint = read_checkpoint(to)
    crop = torch.rand(1, 3, SIDE_PX, SIDE_PX)
    with torch.inference_mode():
        for own, read in zip(network(crop), checkpoint.model()(crop), strict=True):
            torch.testing.assert_close(read, own)
    write_keypoints(tmp_path / "hands", splits=["test"] * 2)
    assert evaluate_checkpoint(to, tmp_path).rows["hands"]["hands"] == 2
    assert "noncommercial" in checkpoint.data[0].licence


def test_what_is_no_such_file_is_named(tmp_path: Path, layers: dict[str, Tensor]) -> None:
    short = {name: value for name, value in layers.items() if not name.startswith("conv4_2.")}
    with pytest.raises(SourceError, match=r"missing: layers\.conv4_2\.bias, layers\.conv4_2\.weight"):
        state_from_openpose(caffemodel(tmp_path / "short.caffemodel", short), dataset="hands", side_px=SIDE_PX)
    other = {"fc.weight": torch.zeros(2, 3), "fc.bias": torch.zeros(2)}
    with pytest.raises(SourceError, match="it has no layer conv1_1"):
        state_from_openpose(caffemodel(tmp_path / "other.caffemodel", other), dataset="hands")
    content = (tmp_path / "short.caffemodel").read_bytes()
    (tmp_path / "cut.caffemodel").write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match=r"is not a \.caffemodel file, or is cut"):
        tensors_of_caffemodel(tmp_path / "cut.caffemodel")
    (tmp_path / "empty.caffemodel").touch()
    with pytest.raises(SourceError, match="holds no weights"):
        tensors_of_caffemodel(tmp_path / "empty.caffemodel")
    with pytest.raises(SourceError, match="cannot be read"):
        tensors_of_caffemodel(tmp_path / "none.caffemodel")
    message = message_of_caffe()()
    blob = message.layer.add(name="conv1_1").blobs.add(data=[1.0, 2.0])
    blob.shape.dim.append(3)
    (tmp_path / "wrong.caffemodel").write_bytes(message.SerializeToString())
    with pytest.raises(SourceError, match=r"conv1_1\.weight has 2 values and says \(3,\)"):
        tensors_of_caffemodel(tmp_path / "wrong.caffemodel")
