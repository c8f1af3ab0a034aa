# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import torch

from edge.errors import SourceError, UsageError
from tests.training.importers.published_face import PUBLISHED, tensors_of
from training.checkpoint import read_checkpoint
from training.importers.face import state_from_face
from training.loop import save_weights
from training.recipe import HoldingRecipe
from training.recipe_from_file import read_recipe


def recipe_of(architecture: str, head: str = "softmax") -> HoldingRecipe:
    recipe = read_recipe("holding", [f"model.architecture={architecture}", f"model.head={head}"])
    assert isinstance(recipe, HoldingRecipe)
    return recipe


def written(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    """Write a file as the training there does."""
    torch.save({"iters": 800, "net_state_dict": tensors}, path)
    return path


@pytest.mark.parametrize("architecture", sorted(PUBLISHED))
def test_every_published_network_fits(tmp_path: Path, architecture: str) -> None:
    net = written(tmp_path / "Iter_000800_net.ckpt", tensors_of(PUBLISHED[architecture]))
    margin = written(tmp_path / "Iter_000800_margin.ckpt", {"weight": torch.ones(1).expand(2, 512)})
    state = state_from_face(net, margin, recipe_of(architecture))
    assert all(float(value.flatten()[0]) in {0.0, 0.5, 1.0} for value in state["ema"].values())
    assert [row["dataset"].split(" (")[0] for row in state["data"]["sets"]] == [
        "weights by others, Iter_000800_net.ckpt",
        "weights by others, Iter_000800_margin.ckpt",
    ]


@pytest.mark.parametrize("head", ["softmax", "arcface", "sphereface"])
def test_an_imported_checkpoint_computes_with_the_published_tensors(tmp_path: Path, head: str) -> None:
    torch.manual_seed(0)
    shapes = PUBLISHED["MobileFace"]
    tensors = {name: torch.rand(shape) + 0.5 if shape else torch.tensor(7) for name, shape in shapes.items()}
    # As large as keeps what passes through the layers of one size.
    tensors |= {n: torch.randn(s) * (2 / torch.Size(s[1:]).numel()) ** 0.5 for n, s in shapes.items() if len(s) == 4}
    weight = torch.randn(2, 512)
    net, margin = written(tmp_path / "n.ckpt", tensors), written(tmp_path / "m.ckpt", {"weight": weight})
    save_weights(tmp_path / "c.pt", state_from_face(net, margin, recipe_of("MobileFace", head)))
    model = read_checkpoint(tmp_path / "c.pt").model()
    assert torch.equal(model.state_dict()["net.blocks.6.conv.3.weight"], tensors["blocks.6.conv.3.weight"])
    pictures = torch.rand(2, 3, 112, 112)
    with torch.inference_mode():
        embeddings = model.net(pictures)  # type: ignore[operator]
        (logits,) = model(pictures)
        cosines = torch.nn.functional.cosine_similarity(embeddings[:, None], weight[None], dim=2)
        length = embeddings.norm(dim=1, keepdim=True)
    expected = {"softmax": embeddings @ weight.T, "arcface": 32 * cosines, "sphereface": length * cosines}[head]
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4)


def test_every_tensor_that_does_not_fit_is_named(tmp_path: Path) -> None:
    tensors = tensors_of(PUBLISHED["MobileFace"])
    tensors["surplus.weight"] = torch.ones(3)
    del tensors["conv1.prelu.weight"], tensors["blocks.0.conv.1.bias"]
    tensors["linear1.conv.weight"] = torch.ones(128, 512, 1, 1)
    with pytest.raises(SourceError) as raised:
        state_from_face(written(tmp_path / "n.ckpt", tensors), None, recipe_of("MobileFace"))
    assert str(raised.value) == (
        f"{tmp_path / 'n.ckpt'} as net of MobileFace does not fit; missing: blocks.0.conv.1.bias, conv1.prelu.weight; "
        "unexpected: surplus.weight; of another shape: linear1.conv.weight is (128, 512, 1, 1), not (512, 512, 1, 1)"
    )
    whole = written(tmp_path / "n.ckpt", tensors_of(PUBLISHED["MobileFace"]))
    people = written(tmp_path / "m.ckpt", {"weight": torch.ones(10575, 512)})
    with pytest.raises(SourceError, match=r"weight is \(10575, 512\), not \(2, 512\)"):
        state_from_face(whole, people, recipe_of("MobileFace"))


def test_without_its_head_a_network_starts_with_a_new_one(tmp_path: Path) -> None:
    net = written(tmp_path / "n.ckpt", tensors_of(PUBLISHED["MobileFace"]))
    state = state_from_face(net, None, recipe_of("MobileFace", "cosface"))
    assert state["ema"]["margin.weight"].std() > 0


def test_what_is_no_such_file_is_refused_in_one_sentence(tmp_path: Path) -> None:
    recipe = recipe_of("MobileFace")
    with pytest.raises(SourceError, match="is not a file"):
        state_from_face(tmp_path / "none.ckpt", None, recipe)
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    with pytest.raises(SourceError, match="has no state dict, neither by itself nor under net_state_dict"):
        state_from_face(tmp_path / "other.ckpt", None, recipe)
    torch.save({"net_state_dict": recipe}, tmp_path / "code.ckpt")
    with pytest.raises(SourceError, match="nothing else is read"):
        state_from_face(tmp_path / "code.ckpt", None, recipe)
    small = recipe.model_copy(update={"model": {"architecture": "crop-classifier", "head_classes": [2]}})
    with pytest.raises(UsageError, match="crop-classifier is none of the networks"):
        state_from_face(tmp_path / "none.ckpt", None, small)
