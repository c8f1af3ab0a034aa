# SPDX-License-Identifier: Apache-2.0
"""A model's mistakes as one picture to look at: the contact sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.decoders.presence import PRESENCE
from edge.decoders.softmax_heads import HANDEDNESS
from edge.errors import OutputError, UsageError
from training.augment.placement import Picture, draw
from training.data.crops import UNKNOWN, HandCrop
from training.data.keypoint_crops import PlacedHand
from training.data.pictures import Pictures
from training.data.sample import FloatArray, HandSample
from training.metrics import POOR_IOU, Found, Wanted, judged
from training.recipe import HOLDING_CLASSES
from training.tasks.segmenter import JudgedMask

TILE_PX = 160
CAPTION_PX = 18
COLUMNS = 10
# A mistake is seen with its surroundings, this many times its longer side.
SURROUNDINGS = 3.0
INK_BGR, PAPER_BGR = (233, 180, 86), (24, 24, 24)
SUFFIXES = (".jpg", ".png")
# Share of a hand's side beyond which a keypoint is a mistake.
FAR_SHARE = 0.1
# A JPEG has at most 65,535 rows, and nobody looks at more.
MOST_TILES = 2000
FONT, FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.4


@dataclass(frozen=True, slots=True)
class Mistake:
    """A place (4,) in a picture and what was said of it wrongly; `points` (K, 2) are shown with it."""

    path: Path
    box_xyxy: FloatArray
    told: str
    points: FloatArray | None = None


def detector_mistakes(samples: Sequence[HandSample], found: Sequence[Found], min_score: float) -> list[Mistake]:
    """Return boxes that are no annotated hand, best score first, then missed hands, the largest in view first."""
    false: list[tuple[float, Mistake]] = []
    missed: list[tuple[float, Mistake]] = []
    for sample, own in zip(samples, found, strict=True):
        picture = judged(own, Wanted(sample.boxes_xyxy, sample.ignored), min_score)
        wrong = ~(picture.hit | picture.excused)
        for box, score in zip(picture.boxes_xyxy[wrong], picture.scores[wrong], strict=True):
            false.append((float(score), Mistake(sample.path, box, f"{score:.2f}")))
        for box in picture.missed_xyxy:
            share = float((box[2:] - box[:2]).max()) / max(sample.width_px, sample.height_px)
            missed.append((share, Mistake(sample.path, box, "missed")))
    ranked = [sorted(rows, key=lambda row: -row[0]) for rows in (false, missed)]
    return [mistake for rows in ranked for _, mistake in rows]


def classifier_mistakes(
    hands: Sequence[HandCrop], answers: Sequence[Mapping[str, int]], gestures: Sequence[str] = ()
) -> list[Mistake]:
    """Return the crops of which something is known and was told otherwise; `answers` hold class numbers."""
    mistakes = []
    heads = {"presence": PRESENCE, "gesture": gestures, "handedness": HANDEDNESS, "holding": HOLDING_CLASSES}
    for head, names in heads.items():
        for hand, answer in zip(hands, answers, strict=True):
            truth, guess = getattr(hand, head), answer.get(head, UNKNOWN)
            if UNKNOWN not in (truth, guess) and truth != guess:
                mistakes.append(Mistake(hand.path, hand.box_xyxy, f"{names[guess]}, not {names[truth]}"))
    return mistakes


def keypoint_mistakes(hands: Sequence[PlacedHand], found: Sequence[FloatArray]) -> list[Mistake]:
    """Return the hands of which a keypoint (21, 3) lies far off, the worst on average first."""
    ranked = []
    for hand, points in zip(hands, found, strict=True):
        known = np.isfinite(hand.keypoints).all(1)
        error = np.linalg.norm(points[known, :2] - hand.keypoints[known], axis=1) / hand.side_px
        if (error > FAR_SHARE).any():
            mean = float(error.mean())
            ranked.append((mean, Mistake(hand.path, hand.box_xyxy, f"{mean:.2f} off", points[:, :2])))
    return [mistake for _, mistake in sorted(ranked, key=lambda row: -row[0])]


def mask_mistakes(judged_masks: Sequence[JudgedMask]) -> list[Mistake]:
    """Return where a mask agrees with the annotated one too little, the worst first; that one's outline is shown."""
    ranked = sorted((one for one in judged_masks if one.iou < POOR_IOU), key=lambda one: one.iou)
    return [Mistake(one.path, one.box_xyxy, f"IoU {one.iou:.2f}", one.outline) for one in ranked]


def contact_sheet(mistakes: Sequence[Mistake], pictures: Pictures) -> Picture:
    """Return a BGR picture (H, W, 3) with a numbered tile for each of the first `MOST_TILES` mistakes, at least one."""
    tiles = list(_tiles(mistakes[:MOST_TILES], pictures)) or [_empty_tile()]
    columns = min(COLUMNS, len(tiles))
    tiles += [_empty_tile() for _ in range(-len(tiles) % columns)]
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack(rows)


def require_sheet_name(path: Path) -> None:
    """Raise `UsageError` unless `path` ends as a picture that `write_sheet` can write."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"a sheet is a picture, {' or '.join(SUFFIXES)}, got {path.name}")


def write_sheet(path: Path, sheet: Picture) -> None:
    """Write a contact sheet. Raises `OutputError` when `path` cannot be written."""
    try:
        path.write_bytes(cv2.imencode(path.suffix, sheet)[1].tobytes())
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; name a file in a folder that exists") from error


def _tiles(mistakes: Sequence[Mistake], pictures: Pictures) -> Iterator[Picture]:
    for number, mistake in enumerate(mistakes):
        x1, y1, x2, y2 = (float(edge) for edge in mistake.box_xyxy)
        side = max(x2 - x1, y2 - y1, 1.0) * SURROUNDINGS
        scale = TILE_PX / side
        left, top = (x1 + x2 - side) / 2, (y1 + y2 - side) / 2
        tile = _empty_tile()
        view = tile[CAPTION_PX:]
        draw(view, pictures[mistake.path], np.array([[scale, 0, -left * scale], [0, scale, -top * scale]]))
        low, high = ((int((x - left) * scale), int((y - top) * scale)) for x, y in ((x1, y1), (x2, y2)))
        cv2.rectangle(view, low, high, INK_BGR, 1)
        for x, y in () if mistake.points is None else ((mistake.points - [left, top]) * scale).round().astype(int):
            cv2.circle(view, (int(x), int(y)), 2, INK_BGR, cv2.FILLED)
        caption = f"{number} {mistake.told}"
        (width_px, _), _ = cv2.getTextSize(caption, FONT, FONT_SCALE, 1)
        scale = FONT_SCALE * min(1.0, (TILE_PX - 8) / width_px)
        cv2.putText(tile, caption, (4, CAPTION_PX - 5), FONT, scale, INK_BGR, 1, cv2.LINE_AA)
        yield tile


def _empty_tile() -> Picture:
    return np.full((TILE_PX + CAPTION_PX, TILE_PX, 3), PAPER_BGR, np.uint8)
