# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.training.small_recipes import keypoints_mapping
from training.models import build
from training.models.classifier import CropClassifier
from training.models.detector import HandDetector
from training.models.growth import load_backbone, load_grown

# Sums over more channels, in float32.
RELATIVE_DIFFERENCE = 1e-4
SMALL = {"widths": (4, 4, 8, 8, 8), "depths": (0, 1, 0, 1), "neck_width": 8}


def trained(**sizes: object) -> HandDetector:
    """A detector whose normalisations are not those that it was built with."""
    torch.manual_seed(3)
    model = HandDetector(**SMALL | sizes)  # type: ignore[arg-type]
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            nn.init.normal_(part.running_mean, std=0.3)
            nn.init.uniform_(part.running_var, 0.5, 2.0)
            nn.init.uniform_(part.weight, 0.5, 2.0)
    return model.eval()


@pytest.mark.parametrize(
    "larger",
    [
        {},
        {"neck_width": 12},
        {"depths": (0, 3, 0, 2)},
        {"neck_width": 16, "depths": (0, 2, 0, 3)},
    ],
)
def test_a_larger_model_computes_at_first_what_the_smaller_one_did(larger: dict[str, object]) -> None:
    small = trained()
    large = HandDetector(**SMALL | larger).eval()  # type: ignore[arg-type]
    load_grown(large, small.state_dict())
    pictures = torch.randn(2, 3, 64, 96)
    with torch.inference_mode():
        for grown, before in zip(large(pictures), small(pictures), strict=True):
            torch.testing.assert_close(grown, before, rtol=RELATIVE_DIFFERENCE, atol=RELATIVE_DIFFERENCE)


def test_what_was_added_learns() -> None:
    large = HandDetector(**SMALL | {"depths": (0, 2, 0, 1), "neck_width": 12})  # type: ignore[arg-type]
    load_grown(large, trained().state_dict())
    optimiser = torch.optim.SGD(large.parameters(), lr=0.01)
    before = {name: value.clone() for name, value in large.state_dict().items()}
    for _ in range(2):
        sum(level.square().mean() for level in large(torch.randn(2, 3, 64, 64))).backward()
        optimiser.step()
    added = ("backbone.stages.1.1.steps.1.1.0.weight", "lateral.0.0.weight", "smooth.0.0.weight")
    for name in added:
        moved = (large.state_dict()[name] != before[name]).flatten(1).any(1)
        assert moved.all(), name


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"neck_width": 4}, r"lateral\.0\.0\.weight of shape \(8, 8, 1, 1\) cannot become \(4, 8, 1, 1\)"),
        ({"depths": (0, 1, 0, 0)}, r"backbone\.stages\.3\.1\.\S+ is in the weights alone"),
        # A block where there was none would not pass on what it gets.
        ({"depths": (1, 1, 0, 1)}, r"backbone\.stages\.0\.1\.\S+ is in the model alone"),
        ({"widths": (4, 4, 12, 8, 8)}, r"backbone\.stages\.1\.0\.0\.weight of shape \(8, 4, 3, 3\) cannot become"),
    ],
)
def test_what_does_not_fit_is_named(other: dict[str, object], reason: str) -> None:
    model = HandDetector(**SMALL | other)  # type: ignore[arg-type]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=reason):
        load_grown(model, trained().state_dict())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_classes_and_bins_do_not_grow() -> None:
    """Their places have meanings."""
    few, more = (CropClassifier(head_classes=(classes, 2), widths=(4, 4, 8), depths=(0, 0)) for classes in (3, 4))
    with pytest.raises(ValueError, match=r"heads\.0\.weight of shape \(3, 8\) cannot become \(4, 8\)"):
        load_grown(more, few.state_dict())
    coarse, fine = (build(keypoints_mapping()["model"] | {"bins_a_px": bins}) for bins in (1, 2))
    with pytest.raises(ValueError, match=r"axes\.0\.tell\.weight .* cannot become"):
        load_grown(fine, coarse.state_dict())


def test_a_model_of_another_task_takes_the_backbone() -> None:
    detector = trained()
    model = build(keypoints_mapping()["model"] | {"depths": (0, 2, 0, 1)}).eval()
    head = {name: value.clone() for name, value in model.state_dict().items() if not name.startswith("backbone.")}
    load_backbone(model, detector.state_dict())
    crops = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        for own, other in zip(model.get_submodule("backbone")(crops), detector.backbone(crops), strict=True):
            torch.testing.assert_close(own, other, rtol=RELATIVE_DIFFERENCE, atol=RELATIVE_DIFFERENCE)
    assert all(torch.equal(model.state_dict()[name], value) for name, value in head.items())


def test_a_model_without_a_backbone_takes_none() -> None:
    pose = build({"architecture": "pose-mlp", "classes": 2})
    detector = trained()
    with pytest.raises(ValueError, match="this model has no backbone"):
        load_backbone(pose, detector.state_dict())
    with pytest.raises(ValueError, match="no backbone in the weights"):
        load_backbone(detector, pose.state_dict())
