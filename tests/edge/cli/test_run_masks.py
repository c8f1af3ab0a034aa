# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.edge.bundles import segmenter_contract, segmenter_model, write_small_bundle
from tests.edge.cli.program import FRAMES, WH, edge_run, lines_of

MODELS = ("--models", "detector", "segmenter")


@pytest.fixture(scope="module", autouse=True)
def _segmenter(desk: Path) -> None:
    write_small_bundle(desk / "segmenter", segmenter_contract(), segmenter_model())


def test_masks_are_written_as_pictures_and_drawn(desk: Path, repo_root: Path, tmp_path: Path) -> None:
    outputs = "--mask", tmp_path / "masks", "--jsonl", tmp_path / "a.jsonl", "--video", tmp_path / "a.mp4"
    ended = edge_run(desk, "clip.mp4", *outputs, *MODELS, models=False)
    assert ended.returncode == 0, ended.stderr
    masks = sorted((tmp_path / "masks").iterdir())
    assert [path.name for path in masks] == [f"{number:06d}.png" for number in range(FRAMES)]
    pixels = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in masks]
    assert {one.shape for one in pixels if one is not None} == {WH[::-1]}
    assert any(one is not None and one.any() for one in pixels)
    results = lines_of(tmp_path / "a.jsonl", repo_root)
    assert all("mask" not in hand for result in results for hand in result["hands"])
    assert any("segment" in result["latency_ms"] for result in results)


def test_run_lengths_are_written_with_the_hands(desk: Path, repo_root: Path, tmp_path: Path) -> None:
    ended = edge_run(desk, "photos", "--mask", "rle", "--jsonl", tmp_path / "a.jsonl", *MODELS, models=False)
    assert ended.returncode == 0, ended.stderr
    hands = [hand for result in lines_of(tmp_path / "a.jsonl", repo_root) for hand in result["hands"]]
    assert hands
    assert all(sum(hand["mask"]["counts"]) == np.prod(WH) for hand in hands)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("photos", "--mask", "rle"), "--mask rle goes into the lines of --jsonl; give --jsonl a file too"),
        (("photos", "--mask", "photos"), "SOURCE and --mask are the same folder, photos"),
        (("photos", "--mask", ""), "--mask must be followed by a name"),
    ],
)
def test_masks_that_have_no_place_are_refused(desk: Path, words: tuple[str, ...], told: str) -> None:
    ended = edge_run(desk, *words, *MODELS, models=False)
    assert ended.returncode == 2
    assert told in ended.stderr
