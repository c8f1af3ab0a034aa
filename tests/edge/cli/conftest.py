# SPDX-License-Identifier: Apache-2.0
"""A desk with files to run on."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from tests.edge.bundles import (
    classifier_contract,
    classifier_model,
    detector_contract,
    detector_model,
    noisy_picture,
    write_small_bundle,
)
from tests.edge.cli.program import FPS, FRAMES, WH


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two bundles, videos and pictures, sound ones and others."""
    folder = tmp_path_factory.mktemp("desk")
    write_small_bundle(folder / "detector", detector_contract(), detector_model())
    write_small_bundle(folder / "classifier", classifier_contract(), classifier_model())
    for name in ("clip.mp4", "clip.mkv"):
        writer = cv2.VideoWriter(str(folder / name), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"mp4v"), FPS, WH)
        for number in range(FRAMES):
            writer.write(noisy_picture(*WH, seed=number))
        writer.release()
    content = (folder / "clip.mkv").read_bytes()
    (folder / "cut.mkv").write_bytes(content[: len(content) // 2])
    (folder / "cut.mp4").write_bytes((folder / "clip.mp4").read_bytes()[:5000])
    (folder / "notes.mp4").write_text("dear diary\n" * 100, encoding="utf-8")
    (folder / "empty.mp4").touch()
    (folder / "photos" / "more").mkdir(parents=True)
    (folder / "nothing").mkdir()
    for name in ("one.png", "photos/a.jpg", "photos/more/b.png"):
        assert cv2.imwrite(str(folder / name), noisy_picture(*WH))
    (folder / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return folder
