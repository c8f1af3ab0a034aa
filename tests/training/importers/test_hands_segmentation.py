# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from edge.errors import SourceError, UsageError
from training.checkpoint import read_checkpoint
from training.importers.hands_segmentation import state_from_hands_segmentation
from training.loop import save_weights
from training.recipe import SegmenterRecipe
from training.recipe_from_file import read_recipe

# Two sums in another order, of weights of hundreds of layers.
ROUNDING = 1e-3


def network(*, outputs: int = 2, channels: int = 3) -> nn.Module:
    from torchvision.models.segmentation import deeplabv3_resnet50

    torch.manual_seed(0)
    net: nn.Module = deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=outputs)
    if channels != 3:
        net.backbone.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)  # type: ignore[union-attr]
    return net.eval()


def lightning(path: Path, state: dict[str, Tensor]) -> Path:
    """Write what Lightning's trainer does of HandSegModel."""
    content: dict[str, Any] = {
        "epoch": 9,
        "global_step": 1000,
        "pytorch-lightning_version": "1.4.4",
        "state_dict": {f"deeplab.{name}": value for name, value in state.items()},
        "optimizer_states": [],
        "lr_schedulers": [],
        "hyper_parameters": {"lr": 0.0003, "pretrained": True},
    }
    torch.save(content, path)
    return path


def recipe(*changes: str) -> SegmenterRecipe:
    read = read_recipe("hand-deeplab", changes)
    assert isinstance(read, SegmenterRecipe)
    return read


@pytest.mark.parametrize(("channels", "changes"), [(3, ()), (1, ("model.channels=1", "input.colour=gray"))])
def test_an_imported_network_tells_the_same_mask(tmp_path: Path, channels: int, changes: tuple[str, ...]) -> None:
    net = network(channels=channels)
    aux = {"aux_classifier.4.bias": torch.zeros(2)}
    file = lightning(tmp_path / "checkpoint.ckpt", {**net.state_dict(), **aux})
    save_weights(tmp_path / "imported.pt", state_from_hands_segmentation(file, recipe(*changes)))
    checkpoint = read_checkpoint(tmp_path / "imported.pt")
    picture = torch.randn(1, channels, 64, 64)
    with torch.inference_mode():
        published = net(picture)["out"]
        (logits,) = checkpoint.model()(picture)
    fine = nn.functional.interpolate(logits, (64, 64), mode="bilinear", align_corners=False)[:, 0]
    wanted = published[:, 1] - published[:, 0]
    torch.testing.assert_close(fine, wanted, atol=ROUNDING, rtol=ROUNDING)
    assert ((fine > 0) == published.argmax(1).bool())[wanted.abs() > ROUNDING].all()
    assert checkpoint.data[0].name.startswith("weights by others, checkpoint.ckpt (sha256 ")


def test_tensors_that_do_not_fit_are_named(tmp_path: Path) -> None:
    state = dict(network(outputs=21).state_dict())
    state["extra.weight"] = state.pop("backbone.bn1.bias")
    with pytest.raises(SourceError) as told:
        state_from_hands_segmentation(lightning(tmp_path / "a.ckpt", state), recipe())
    assert "missing: backbone.bn1.bias" in str(told.value)
    assert "unexpected: extra.weight" in str(told.value)
    assert "classifier.4.bias is (21,), not (1,)" in str(told.value)


def test_another_recipe_is_refused(tmp_path: Path) -> None:
    other = read_recipe("hand-lraspp")
    assert isinstance(other, SegmenterRecipe)
    with pytest.raises(UsageError, match="these files hold deeplabv3_resnet50"):
        state_from_hands_segmentation(tmp_path / "a.ckpt", other)
