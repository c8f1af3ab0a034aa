# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
import torch
from torch import Tensor

from training.losses.detection import DetectionTargets, cells_of, detection_loss
from training.models.detector import STRIDES_PX, HandDetector

SIDE_PX = 64
BOX = (10.0, 14.0, 42.0, 50.0)
Box = tuple[float, float, float, float]


def targets_of(*pictures: list[Box], ignored: tuple[tuple[int, int], ...] = (), rows: int = 0) -> DetectionTargets:
    """Return the targets of a batch; `ignored` names (picture, hand), `rows` pads every picture to that many hands."""
    most = max(1, rows, *(len(boxes) for boxes in pictures))
    boxes = torch.zeros(len(pictures), most, 4)
    valid = torch.zeros(len(pictures), most, dtype=torch.bool)
    for number, own in enumerate(pictures):
        boxes[number, : len(own)] = torch.tensor(own).reshape(-1, 4)
        valid[number, : len(own)] = True
    flags = torch.zeros_like(valid)
    for place in ignored:
        flags[place] = True
    return DetectionTargets(boxes, valid, flags)


def blank_maps(*, logit: float = -4.0, distance: float = 1.0, pictures: int = 1) -> list[Tensor]:
    """Return maps that see nothing, with a box about every cell."""
    maps = []
    for stride in STRIDES_PX:
        level = torch.full((pictures, 5, SIDE_PX // stride, SIDE_PX // stride), distance)
        level[:, 0] = logit
        maps.append(level)
    return maps


def maps_that_say(box: Box, *, logit: float = 4.0) -> list[Tensor]:
    """Return maps that report `box` with a high score from the cells of stride 16 whose centre lies within."""
    maps = blank_maps()
    for row, column in centres_within(box, 16).nonzero().tolist():
        x, y = (column + 0.5) * 16, (row + 0.5) * 16
        sides = [(x - box[0]) / 16, (y - box[1]) / 16, (box[2] - x) / 16, (box[3] - y) / 16]
        maps[1][0, :, row, column] = torch.tensor([logit, *sides])
    return maps


def centres_within(box: Box, stride: int) -> Tensor:
    """Tell which cells of a level (rows, columns) have their centre in `box`."""
    centre = (torch.arange(SIDE_PX // stride) + 0.5) * stride
    across = (centre >= box[0]) & (centre <= box[2])
    down = (centre >= box[1]) & (centre <= box[3])
    return down[:, None] & across[None]


def gradients(maps: list[Tensor], targets: DetectionTargets) -> list[Tensor]:
    leaves = [level.clone().requires_grad_() for level in maps]
    detection_loss(leaves, targets, STRIDES_PX).total.backward()  # type: ignore[no-untyped-call]
    return [leaf.grad if leaf.grad is not None else torch.zeros_like(leaf) for leaf in leaves]


def test_cells_are_in_input_pixels() -> None:
    logits, boxes, centres, cell_px = cells_of(blank_maps(distance=0.5), STRIDES_PX)
    assert logits.shape == (1, 64 + 16 + 4)
    assert centres[0].tolist() == [4, 4]
    assert centres[9].tolist() == [12, 12]
    assert boxes[0, 0].tolist() == [0, 0, 8, 8]
    assert boxes[0, -1].tolist() == [32, 32, 64, 64]
    assert sorted(set(cell_px.tolist())) == [8, 16, 32]


def test_the_loss_grows_with_the_shift_of_the_box() -> None:
    targets = targets_of([BOX])
    shifted = [(BOX[0] + by, BOX[1], BOX[2] + by, BOX[3]) for by in (0.0, 3.0, 8.0, 16.0)]
    losses = [float(detection_loss(maps_that_say(box), targets, STRIDES_PX).total) for box in shifted]
    assert losses == sorted(losses)
    assert 2 * losses[0] < losses[1]


def test_a_missed_hand_and_an_invented_one_cost() -> None:
    seen = detection_loss(maps_that_say(BOX), targets_of([BOX]), STRIDES_PX).total
    missed = detection_loss(maps_that_say(BOX, logit=-4.0), targets_of([BOX]), STRIDES_PX).total
    invented = detection_loss(maps_that_say(BOX), targets_of([]), STRIDES_PX).total
    assert missed > 3 * seen
    assert invented > 3 * seen


def test_cells_within_an_ignored_region_learn_nothing() -> None:
    region = (0.0, 0.0, 31.0, 31.0)
    found = gradients(blank_maps(logit=0.0), targets_of([region], ignored=((0, 0),)))
    for level, stride in zip(found, STRIDES_PX, strict=True):
        within = centres_within(region, stride)
        assert level[0, :, within].abs().sum() == 0
        assert (level[0, 0, ~within] > 0).all()


def test_a_hand_within_an_ignored_region_is_still_learnt() -> None:
    small = (8.0, 8.0, 24.0, 24.0)
    found = gradients(maps_that_say(small, logit=0.0), targets_of([(0, 0, 48, 48), small], ignored=((0, 0),)))
    assert found[1][0, 0, centres_within(small, 16)].min() < 0


@pytest.mark.parametrize("box", [(15.0, 15.0, 17.0, 17.0), (0.0, 0.0, 2.0, 2.0), (62.0, 30.0, 64.0, 31.0)])
def test_a_hand_between_the_centres_gets_a_cell(box: Box) -> None:
    maps = blank_maps()
    loss = detection_loss(maps, targets_of([box]), STRIDES_PX)
    assert loss.box > 0
    found = gradients(maps, targets_of([box]))
    raised = [(level[0, 0] < 0).nonzero() for level in found]
    assert sum(len(cells) for cells in raised) > 0
    for cells, stride in zip(raised, STRIDES_PX, strict=True):
        middle = torch.tensor([(box[1] + box[3]) / 2, (box[0] + box[2]) / 2])
        assert (((cells + 0.5) * stride - middle).abs() <= stride).all()


def test_gradients_raise_the_score_and_move_the_sides_of_a_hands_cells() -> None:
    found = gradients(blank_maps(distance=2.0), targets_of([BOX]))
    positive = torch.cat([(level[0, 0] < 0).flatten() for level in found])
    moved = torch.cat([level[0, 1:].abs().sum(0).flatten() > 0 for level in found])
    assert 1 <= positive.sum() <= 10
    assert torch.equal(positive, moved)
    outside = torch.cat([~centres_within(BOX, stride).flatten() for stride in STRIDES_PX])
    lowered = torch.cat([(level[0, 0] > 0).flatten() for level in found])
    assert lowered[outside & ~positive].all()


def test_a_batch_without_hands_has_a_finite_loss_and_gradient() -> None:
    maps = blank_maps(logit=0.0, pictures=2)
    loss = detection_loss(maps, targets_of([], []), STRIDES_PX)
    assert torch.isfinite(loss.total)
    assert loss.box == 0
    assert loss.score > 0
    assert all(torch.isfinite(level).all() for level in gradients(maps, targets_of([], [])))


@pytest.mark.parametrize("raw", [-3.0, 0.0])
def test_boxes_without_extent_have_finite_gradients(raw: float) -> None:
    assert all(torch.isfinite(level).all() for level in gradients(blank_maps(distance=raw), targets_of([BOX])))


@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_a_side_that_ended_beyond_the_cell_is_called_back(side: int) -> None:
    maps = blank_maps(distance=0.5)
    for level in maps:
        level[:, side] = -0.5
    found = gradients(maps, targets_of([BOX]))
    assert sum(float(level[0, side].clamp(max=0).sum()) for level in found) < 0


def test_padding_and_the_order_of_hands_change_nothing() -> None:
    other = (40.0, 4.0, 60.0, 24.0)
    maps = [level + 0.3 * torch.randn(level.shape, generator=torch.manual_seed(1)) for level in blank_maps()]
    plain = detection_loss(maps, targets_of([BOX, other]), STRIDES_PX).total
    turned = detection_loss(maps, targets_of([other, BOX]), STRIDES_PX).total
    padded = detection_loss(maps, targets_of([BOX, other], rows=6), STRIDES_PX).total
    torch.testing.assert_close(plain, turned)
    torch.testing.assert_close(plain, padded)


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    both = [level.repeat(2, 1, 1, 1) for level in maps_that_say(BOX)]
    first = gradients(both, targets_of([BOX], []))
    second = gradients(both, targets_of([BOX], [(0, 0, 30, 30)]))
    for one, other in zip(first, second, strict=True):
        # Only the common scale differs, the total quality of the batch.
        torch.testing.assert_close(one[0] / one[0].abs().max(), other[0] / other[0].abs().max())


def test_two_hands_in_one_place_both_get_cells() -> None:
    low, high = (8.0, 8.0, 40.0, 40.0), (24.0, 24.0, 56.0, 56.0)
    found = gradients(blank_maps(distance=2.0), targets_of([low, high]))
    raised = torch.cat(
        [(level[0, 0] < 0).nonzero().float().add(0.5) * s for level, s in zip(found, STRIDES_PX, strict=True)]
    )
    assert (raised < 24).all(1).any()
    assert (raised > 40).all(1).any()


def test_a_few_steps_learn_one_scene() -> None:
    torch.manual_seed(0)
    model = HandDetector(widths=(8, 8, 16, 16, 16), depths=(0, 0, 0, 0), neck_width=16)
    picture = torch.zeros(1, 3, SIDE_PX, SIDE_PX)
    picture[..., 14:50, 10:42] = 1.0
    targets = targets_of([BOX])
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(45):
        loss = detection_loss(model(picture), targets, STRIDES_PX).total
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(loss.detach()))
    with torch.no_grad():
        logits, boxes, *_ = cells_of(model(picture), STRIDES_PX)
    best = boxes[0, int(logits[0].argmax())]
    assert losses[-1] < 0.2 * losses[0]
    assert float(logits.max().sigmoid()) > 0.5
    # A tenth of the hand's side.
    assert (best - torch.tensor(BOX)).abs().max() < 3.5
