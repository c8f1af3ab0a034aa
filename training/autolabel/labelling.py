# SPDX-License-Identifier: Apache-2.0
"""`autolabel`: what models find in the pictures of a folder, written as a COCO set with contact sheets."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import OutputError, SourceError, UsageError
from edge.frame import Frame, PixelFormat
from edge.pipeline import Pipeline
from edge.results import FrameResult
from edge.sources.picture import pixels_from_file
from edge.tasks import Task
from training.autolabel.journal import Journal
from training.autolabel.record import PictureRecord
from training.autolabel.thresholds import Thresholds
from training.data.pictures import PicturesOnDisk, pictures_below
from training.mistakes import Mistake, contact_sheet, write_sheet

JOURNAL = "unfinished.jsonl"
ANNOTATIONS = "annotations.json"
CONFIDENT, DOUBTFUL = "confident.jpg", "doubtful.jpg"
# More tiles on a sheet than these nobody looks at.
MOST_TILES = 400

Progress = Callable[[Iterable[FrameResult]], Iterable[FrameResult]]


@dataclass(frozen=True, slots=True)
class Labelled:
    """What came of it: pictures that were read, hands that are labels, places of doubt, and what was not read."""

    pictures: int
    labels: int
    doubtful: int
    skipped: tuple[str, ...]


def autolabel(
    models: Sequence[str | Path | Task],
    source: Path,
    to: Path,
    *,
    thresholds: Thresholds,
    threads: int | None = None,
    progress: Progress = iter,
) -> Labelled:
    """Run models, one that finds hands and any that say more, over the pictures below `source`; write the set `to`.

    Hands below `thresholds.keep` become regions of doubt, which give no loss. An interrupted call is gone on with by
    the same one. Raises `SourceError` when no picture can be read, `UsageError` and `BundleError` as `edge.Pipeline`
    and when `to` holds another run, and `OutputError` when it cannot be written.
    """
    paths = {path.relative_to(source).as_posix(): path for path in pictures_below(source)}
    if not paths:
        raise SourceError(f"{source} holds no picture; give a folder of pictures")
    if (to / ANNOTATIONS).exists():
        raise UsageError(f"{to} holds a set already, which may have been reviewed; name another folder")
    with Pipeline(models, threads=threads, min_score=thresholds.doubt) as pipeline:
        terms = {
            "source": str(source.resolve()),
            "models": pipeline.models,
            "keep": thresholds.keep,
            "doubt": thresholds.doubt,
        }
        try:
            with Journal(to / JOURNAL, terms) as journal:
                _label(pipeline, journal, paths, progress)
            seen = sorted((own for own in journal.records if own.fault is None), key=lambda record: record.file)
            faults = tuple(own.fault for own in journal.records if own.fault is not None)
            counts = _write_set(seen, source, to, terms) if seen else (0, 0)
            journal.remove()
        except OSError as error:
            raise OutputError(f"cannot write {to}: {error.strerror or error}; free space or name another") from error
    if not seen:
        raise SourceError(f"none of the {len(paths)} pictures in {source} can be read; the first: {faults[0]}")
    return Labelled(len(seen), *counts, faults)


def _label(pipeline: Pipeline, journal: Journal, paths: Mapping[str, Path], progress: Progress) -> None:
    known = {record.file for record in journal.records}
    faults: list[PictureRecord] = []

    def frames() -> Iterator[Frame]:
        index = 0
        for name, path in paths.items():
            if name not in known:
                try:
                    pixels = pixels_from_file(path)
                except SourceError as error:
                    faults.append(PictureRecord(name, fault=str(error)))
                    continue
                yield Frame(pixels, PixelFormat.BGR, time.monotonic_ns(), index, "pictures", path=name)
                index += 1

    with pipeline.run(frames()) as run:
        for result in progress(run):
            journal.add(PictureRecord.from_result(result))
    for fault in faults:
        journal.add(fault)


def _write_set(records: Sequence[PictureRecord], source: Path, to: Path, terms: Mapping[str, Any]) -> tuple[int, int]:
    """Write sheets and set; return how many labels and places of doubt there are."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for record in records:
        size = {"width": record.width_px, "height": record.height_px}
        images.append({"id": len(images), "file_name": record.file, **size, "split": "train", "group": record.file})
        for hand in record.hands:
            crowd = {"iscrowd": int(hand["score"] < terms["keep"])}
            annotations.append({"id": len(annotations), "image_id": images[-1]["id"], **crowd, **hand})
    models = ", ".join(f"{name} {version}" for name, version in terms["models"].items())
    info = {
        "description": f"labels by {models}; hands from score {terms['keep']}, doubt from {terms['doubt']}",
        "licence": "not stated",
        "image_root": os.path.relpath(source.resolve(), to.resolve()),
    }
    categories = [{"id": 1, "name": "hand"}]
    content = {"info": info, "categories": categories, "images": images, "annotations": annotations}
    files = [record.file for record in records]
    kept, doubtful = (
        [(files[own["image_id"]], own) for own in annotations if own["iscrowd"] == crowd] for crowd in (0, 1)
    )
    # Labels that only just are come first, and so do regions that only just are not.
    write_sheet(to / CONFIDENT, _sheet(sorted(kept, key=lambda pair: pair[1]["score"]), source))
    write_sheet(to / DOUBTFUL, _sheet(sorted(doubtful, key=lambda pair: -pair[1]["score"]), source))
    partial = to / f"{ANNOTATIONS}.partial"
    partial.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    partial.replace(to / ANNOTATIONS)
    return len(kept), len(doubtful)


def _sheet(pairs: Sequence[tuple[str, Mapping[str, Any]]], source: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    tiles = []
    for file, hand in pairs[:MOST_TILES]:
        x, y, width, height = hand["bbox"]
        names = [hand[name] for name in ("handedness", "gesture", "pose") if name in hand]
        points = np.array(hand.get("keypoints", []), np.float32).reshape(-1, 3)
        box = np.array([x, y, x + width, y + height], np.float32)
        told = " ".join([f"{hand['score']:.2f}", *names])
        tiles.append(Mistake(source / file, box, told, points[points[:, 2] > 0, :2] if len(points) else None))
    return contact_sheet(tiles, PicturesOnDisk())
