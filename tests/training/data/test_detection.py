# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike, NDArray

from edge.errors import SourceError
from edge.preprocess import InputContract
from tests.training.small_sets import SKIN, picture_with, sample_with
from training.augment.placement import TrainingScene
from training.data.detection import DetectionScenes, collate, pools_from_samples
from training.data.pictures import PictureStore
from training.data.sample import HandSample
from training.recipe import DetectionAugment

CONTRACT = InputContract(
    fit="letterbox", width_px=64, height_px=64, multiple_px=32, mean=(0.0,) * 3, std=(1.0,) * 3, pad=(114.0,) * 3
)
BOXES = [[8, 10, 30, 34], [40, 12, 56, 40]]
DIAMOND = np.array([[19, 10], [30, 22], [19, 34], [8, 22]], np.float32)


def sample_on_disk(path: Path, boxes: ArrayLike, **changes: Any) -> HandSample:
    cv2.imwrite(str(path), picture_with(boxes))
    return sample_with(boxes, path=path, **changes)


@pytest.fixture
def samples(tmp_path: Path) -> list[HandSample]:
    return [
        sample_on_disk(tmp_path / "two.png", BOXES, outlines=(DIAMOND, None)),
        sample_on_disk(tmp_path / "one.png", BOXES[:1], dataset="rare"),
        sample_on_disk(tmp_path / "none.png", []),
    ]


def scenes_of(samples: Sequence[HandSample], *, seed: int = 3, **changes: Any) -> DetectionScenes:
    pictures = PictureStore(sample.path for sample in samples)
    pools = pools_from_samples(samples, pictures, {"rare": 3.0})
    return DetectionScenes(pools, pictures, CONTRACT, DetectionAugment.model_validate(changes), seed=seed)


def test_pools_sort_the_samples(samples: list[HandSample]) -> None:
    pools = pools_from_samples(samples, PictureStore(sample.path for sample in samples), {"rare": 3.0})
    assert [sample.path.name for sample in pools.with_hands] == ["two.png", "one.png"]
    assert [sample.path.name for sample in pools.without_hands] == ["none.png"]
    assert len(pools.cut_outs) == 1
    np.testing.assert_allclose(pools.weights, [0.25, 0.75])


def test_without_hands_there_are_no_pools(samples: list[HandSample]) -> None:
    with pytest.raises(SourceError, match="no training picture shows a hand"):
        pools_from_samples(samples[2:], PictureStore([samples[2].path]), {})


def test_a_scene_depends_on_the_seed_its_number_and_its_side_alone(samples: list[HandSample]) -> None:
    scenes = scenes_of(samples)
    first = scenes[64, 5]
    _ = scenes[64, 6]
    for one, other in zip(first, scenes[64, 5], strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(first[0], scenes[64, 6][0])
    assert not torch.equal(first[0], scenes_of(samples, seed=4)[64, 5][0])


@pytest.mark.parametrize("side_px", [32, 64])
def test_boxes_lie_within_the_scene_and_every_kind_of_scene_occurs(samples: list[HandSample], side_px: int) -> None:
    counts = set()
    for number in range(40):
        picture, boxes, ignored = scenes_of(samples)[side_px, number]
        assert picture.shape == (3, side_px, side_px)
        assert torch.isfinite(picture).all()
        assert ((boxes >= 0) & (boxes <= side_px)).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        assert boxes.shape == (len(ignored), 4)
        counts.add(min(len(boxes), 3))
    assert counts >= {0, 1, 2, 3}


class PlainScenes(DetectionScenes):
    """Scenes in their own light, so that hands keep their colour."""

    def _finished(self, rng: np.random.Generator, scene: TrainingScene) -> TrainingScene:  # noqa: ARG002 - the shape of the base
        return scene


def skin_in(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture.astype(int) - SKIN).max(2) < 12)


@pytest.mark.parametrize("changes", [{"mosaic": 0.0}, {"mosaic": 1.0}], ids=["single", "mosaic"])
def test_the_boxes_of_a_scene_are_where_its_hands_are(samples: list[HandSample], changes: dict[str, float]) -> None:
    pictures = PictureStore(sample.path for sample in samples)
    pools = replace(pools_from_samples(samples[:2], pictures, {}), cut_outs=())
    augment = DetectionAugment.model_validate({"rotation_rad": 0.0, "any_rotation": 0.0, "negative": 0.0, **changes})
    scenes = PlainScenes(pools, pictures, CONTRACT, augment, seed=1)
    seen = 0
    for number in range(30):
        scene = scenes.compose(np.random.default_rng(number), 128)
        skin = skin_in(scene.picture)
        covered = np.zeros_like(skin)
        for (x1, y1, x2, y2), unseen in zip(scene.boxes_xyxy, scene.ignored, strict=True):
            # Half a pixel of the border mixes with what is beside it, on either side.
            covered[int(y1) : int(np.ceil(y2)) + 1, int(x1) : int(np.ceil(x2)) + 1] = True
            if not unseen:
                inner = skin[int(np.ceil(y1)) + 1 : int(y2) - 1, int(np.ceil(x1)) + 1 : int(x2) - 1]
                assert inner.mean() > 0.95
                seen += 1
        assert not (skin & ~covered).any()
    assert seen > 20


def test_rescaled_hands_have_sizes_from_small_to_large(samples: list[HandSample]) -> None:
    scenes = scenes_of(samples[1:2], mosaic=0.0, negative=0.0, paste=0.0, rescale=1.0, canvas_scales=[1.0])
    spans_px = []
    for number in range(60):
        _, boxes, ignored = scenes[64, number]
        spans_px += [(box[2:] - box[:2]).max().item() for box in boxes[~ignored]]
    assert min(spans_px) < 1.2 * DetectionAugment().smallest_px
    assert max(spans_px) > 0.5 * 64


def test_a_batch_is_padded_and_says_which_boxes_are_real() -> None:
    picture = torch.zeros(3, 8, 8)
    one = picture, torch.tensor([[1.0, 1, 4, 4], [2, 2, 5, 5]]), torch.tensor([False, True])
    none = picture, torch.zeros(0, 4), torch.zeros(0, dtype=torch.bool)
    inputs, targets = collate([none, one])
    assert inputs.shape == (2, 3, 8, 8)
    assert targets.valid.tolist() == [[False, False], [True, True]]
    assert targets.ignored.tolist() == [[False, False], [False, True]]
    assert targets.boxes_xyxy[1].tolist() == [[1, 1, 4, 4], [2, 2, 5, 5]]


def test_a_batch_without_hands_has_one_empty_row() -> None:
    none = torch.zeros(3, 8, 8), torch.zeros(0, 4), torch.zeros(0, dtype=torch.bool)
    _, targets = collate([none, none])
    assert targets.boxes_xyxy.shape == (2, 1, 4)
    assert not targets.valid.any()
