# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision

from edge.errors import SourceError, UsageError
from tests.training.importers.hagrid_files import TwoHeads, numbered, saved, version_1, version_2
from training.checkpoint import read_checkpoint
from training.data.hagrid_gestures import HAGRID_V2_GESTURES, V1_OUTPUTS
from training.importers.hagrid import state_from_hagrid
from training.loop import save_weights
from training.recipe import ClassifierRecipe

TWO_HEADED = (
    "mobilenet_v3_large", "mobilenet_v3_small", "resnet18", "resnet152", "resnext50_32x4d", "resnext101_32x8d",
    "vit_b_32",
)  # fmt: skip
ONE_HEADED = ("convnext_base", "mobilenet_v3_large", "mobilenet_v3_small", "resnet18", "resnet152", "vit_b_16")
# Sums of the same products in another order.
TOLERANCE = 1e-5
UNUSED_HEAD = "torchvision_model.heads."


@pytest.mark.parametrize("network", ["resnet18", "mobilenet_v3_small"])
def test_an_imported_classifier_of_version_1_answers_as_it_did(tmp_path: Path, network: str) -> None:
    theirs = TwoHeads(network).eval()
    path = saved(tmp_path / "theirs.pth", version_1(theirs.state_dict()))
    save_weights(tmp_path / "ours.pt", state_from_hagrid(path, architecture=network))
    checkpoint = read_checkpoint(tmp_path / "ours.pt")
    crops = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        gestures, right_and_left = theirs(crops)
        ours = checkpoint.model()(crops)
    torch.testing.assert_close(ours[0], gestures, atol=TOLERANCE, rtol=0)
    torch.testing.assert_close(ours[1], right_and_left.flip(1), atol=TOLERANCE, rtol=0)
    recipe = checkpoint.recipe
    assert isinstance(recipe, ClassifierRecipe)
    assert recipe.gestures == V1_OUTPUTS
    assert (recipe.input.mean, recipe.input.std, recipe.input.crop_margin) == ((0, 0, 0), (255, 255, 255), 0)
    assert [(row.name, row.pictures) for row in checkpoint.data] == [("HaGRID v1", 509_323)]


@pytest.mark.parametrize("network", ["resnet18", "mobilenet_v3_small"])
def test_an_imported_classifier_of_version_2_answers_as_it_did(tmp_path: Path, network: str) -> None:
    theirs = torchvision.models.get_model(network, num_classes=34).eval()
    path = saved(tmp_path / "theirs.pth", version_2(theirs.state_dict()))
    save_weights(tmp_path / "ours.pt", state_from_hagrid(path, architecture=network))
    checkpoint = read_checkpoint(tmp_path / "ours.pt")
    pictures = torch.rand(2, 3, 224, 224)
    with torch.inference_mode():
        (ours,) = checkpoint.model()(pictures)
        torch.testing.assert_close(ours, theirs(pictures), atol=TOLERANCE, rtol=0)
    recipe = checkpoint.recipe
    assert isinstance(recipe, ClassifierRecipe)
    assert recipe.gestures == HAGRID_V2_GESTURES
    assert list(recipe.heads) == ["gesture"]
    assert list(recipe.input.pad) == [144] * 3
    assert recipe.input.mean[0] == pytest.approx(0.54 * 255)


@pytest.mark.parametrize("network", TWO_HEADED)
def test_every_tensor_of_version_1_finds_its_place(tmp_path: Path, network: str) -> None:
    with torch.device("meta"):
        theirs = numbered(TwoHeads(network))
    ours = state_from_hagrid(saved(tmp_path / "a.pth", version_1(theirs)), architecture=network)["ema"]
    # A transformer is saved with its encoder twice and a head of ImageNet's that is not used.
    used = [name for name in theirs if network[:3] != "vit" or not name.startswith(("backbone.", UNUSED_HEAD))]
    numbers = {name: float(value.flatten()[0]) for name, value in ours.items()}
    assert sorted(numbers.values()) == sorted(float(theirs[name].flatten()[0]) for name in used)
    assert all((value == numbers[name]).all() for name, value in ours.items())


@pytest.mark.parametrize("wrapper", ["", "hagrid_model.", "module.hagrid_model."])
@pytest.mark.parametrize("network", ONE_HEADED)
def test_every_tensor_of_version_2_finds_its_place(tmp_path: Path, network: str, wrapper: str) -> None:
    with torch.device("meta"):
        theirs = numbered(torchvision.models.get_model(network, num_classes=34))
    content = version_2({f"{wrapper}{name}": value for name, value in theirs.items()})
    ours = state_from_hagrid(saved(tmp_path / "a.pth", content), architecture=network)["ema"]
    assert [float(value.flatten()[0]) for value in ours.values()] == list(range(len(theirs)))


def test_transformers_of_older_torchvision_are_read(tmp_path: Path) -> None:
    with torch.device("meta"):
        theirs = numbered(TwoHeads("vit_b_32"))
    older = {
        name.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): value
        for name, value in theirs.items()
    }
    assert older.keys() != theirs.keys()
    old, new = (
        state_from_hagrid(saved(tmp_path / f"{count}.pth", version_1(state)), architecture="Vitb32")["ema"]
        for count, state in enumerate((older, theirs))
    )
    assert all(torch.equal(old[name], new[name]) for name in new)


def test_a_bare_state_dict_is_read(tmp_path: Path) -> None:
    with torch.device("meta"):
        theirs = numbered(TwoHeads("resnet18", classes=18))
    recipe = state_from_hagrid(saved(tmp_path / "a.pth", theirs), architecture="ResNet18")["recipe"]
    assert recipe["gestures"] == list(V1_OUTPUTS[:-1])


def test_what_is_missing_unexpected_or_misshaped_is_named(tmp_path: Path) -> None:
    with torch.device("meta"):
        theirs = numbered(TwoHeads("resnet18"))
    del theirs["backbone.1.running_mean"]
    theirs["backbone.4.2.conv1.weight"] = torch.zeros(1)
    theirs["classifier.0.weight"] = torch.zeros(19, 3)
    path = saved(tmp_path / "a.pth", version_1(theirs))
    with pytest.raises(SourceError) as told:
        state_from_hagrid(path, architecture="resnet18")
    assert "missing: backbone.bn1.running_mean;" in str(told.value)
    assert "unexpected: backbone.4.2.conv1.weight;" in str(told.value)
    assert "of another shape: classifier.0.weight is (19, 3), not (19, 512)" in str(told.value)


def test_a_file_of_another_architecture_is_refused(tmp_path: Path) -> None:
    with torch.device("meta"):
        theirs = numbered(TwoHeads("resnet18"))
    path = saved(tmp_path / "a.pth", version_1(theirs))
    with pytest.raises(SourceError, match=r"as a resnet152 does not fit; missing: .* and \d+ more;"):
        state_from_hagrid(path, architecture="resnet152")
    with pytest.raises(UsageError, match="unknown architecture 'resnet19'; choose one of convnext_base,"):
        state_from_hagrid(path, architecture="resnet19")


def test_gestures_of_an_own_training_are_those_of_its_configuration(tmp_path: Path) -> None:
    with torch.device("meta"):
        theirs = numbered(TwoHeads("resnet18", classes=3))
    own = saved(tmp_path / "own.pth", version_1(theirs, targets=["fist", "palm", "no_gesture"]))
    save_weights(tmp_path / "ours.pt", state_from_hagrid(own, architecture="resnet18", dataset="hagrid_mini"))
    checkpoint = read_checkpoint(tmp_path / "ours.pt")
    assert isinstance(checkpoint.recipe, ClassifierRecipe)
    assert checkpoint.recipe.gestures == ("fist", "palm", "no_gesture")
    assert checkpoint.recipe.data.sets[0].path == "hagrid_mini"
    assert [(row.name, row.pictures) for row in checkpoint.data] == [("not known: own.pth", None)]
    bare = saved(tmp_path / "bare.pth", theirs)
    with pytest.raises(UsageError, match="has 3 outputs, and HaGRID 18, 19, 33 or 34; name them with --gestures"):
        state_from_hagrid(bare, architecture="resnet18")
    with pytest.raises(UsageError, match="has 3 outputs, and 2 gestures were named"):
        state_from_hagrid(bare, architecture="resnet18", gestures=["a", "b"])
    assert state_from_hagrid(bare, architecture="resnet18", gestures=["a", "b", "c"])["recipe"]["gestures"] == [
        "a",
        "b",
        "c",
    ]


class Trap:
    """Unpickled, it would run code."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("open('trap', 'w')",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (Trap(), "is not a PyTorch file of tensors and plain values"),
        ({"state_dict": {"a": "b"}}, "has no state dict, neither by itself nor under state_dict or MODEL_STATE"),
        ([1], "holds no tensors by name, but a list"),
        ({"MODEL_STATE": {"fc.weight": torch.zeros(34, 512)}}, "has no head that names gestures"),
    ],
)
def test_what_is_no_checkpoint_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=message):
        state_from_hagrid(saved(tmp_path / "a.pth", content), architecture="resnet18")
    assert not (tmp_path / "trap").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.pth is not a file"):
        state_from_hagrid(tmp_path / "none.pth", architecture="resnet18")
