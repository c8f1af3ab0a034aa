# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.errors import SourceError
from edge.frame import PixelFormat
from edge.sources.picture import MAX_FILE_BYTES, MAX_PIXELS, PictureSource, pixels_from_file
from edge.sources.picture_header import picture_header

ENDINGS = (".jpg", ".png", ".webp", ".bmp")
ORIENTATION_TURNED_LEFT = 6


def scene(height_px: int, width_px: int) -> np.ndarray:
    rows, columns = np.mgrid[:height_px, :width_px]
    return np.stack([rows * 3 % 256, columns * 2 % 256, (rows + columns) % 256], axis=2).astype(np.uint8)


def encoded(ending: str, pixels: np.ndarray) -> bytes:
    ok, content = cv2.imencode(ending, pixels)
    assert ok
    return content.tobytes()


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    tiff = (
        b"MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01" + bytes([0, orientation, 0, 0]) + bytes(4)
    )
    payload = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload + jpeg[2:]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 7, 3), (33, 20, 3)])
def test_header_tells_the_size_before_decoding(ending: str, shape: tuple[int, int, int]) -> None:
    header = picture_header(encoded(ending, scene(*shape[:2])))
    assert header is not None
    assert (header.height_px, header.width_px, header.complete) == (*shape[:2], True)


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.floats(0, 0.99))
def test_a_truncated_picture_never_passes(tmp_path: Path, ending: str, kept: float) -> None:
    content = encoded(ending, scene(60, 80))
    file = tmp_path / f"cut{ending}"
    file.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(SourceError):
        pixels_from_file(file)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(ENDINGS), st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=8))
def test_damage_is_an_error_or_a_picture(tmp_path: Path, ending: str, changes: list[tuple[int, int]]) -> None:
    content = bytearray(encoded(ending, scene(30, 40)))
    for place, value in changes:
        content[place % len(content)] = value
    file = tmp_path / f"hurt{ending}"
    file.write_bytes(content)
    try:
        pixels = pixels_from_file(file)
    except SourceError:
        return
    assert pixels.ndim == 3
    assert pixels.dtype == np.uint8


def test_grey_alpha_and_sixteen_bit_become_the_same_colours(tmp_path: Path) -> None:
    grey = scene(20, 30)[..., 0]
    bgr = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    variants = {
        "grey": grey,
        "alpha": cv2.cvtColor(bgr, cv2.COLOR_BGR2BGRA),
        "sixteen": grey.astype(np.uint16) * 257,
        "sixteen colours": bgr.astype(np.uint16) * 257,
    }
    for name, pixels in variants.items():
        file = tmp_path / f"{name}.png"
        file.write_bytes(encoded(".png", pixels))
        assert np.abs(pixels_from_file(file).astype(int) - bgr).max() <= 1, name


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    upright = np.zeros((40, 60, 3), np.uint8)
    upright[:, :30] = 255
    file = tmp_path / "turned.jpg"
    stored = cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE)
    file.write_bytes(with_orientation(encoded(".jpg", stored), ORIENTATION_TURNED_LEFT))
    pixels = pixels_from_file(file)
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).mean() < 5  # JPEG


def test_a_picture_of_twelve_thousand_pixels_is_decoded(tmp_path: Path) -> None:
    file = tmp_path / "wide.png"
    file.write_bytes(encoded(".png", np.zeros((300, 12_000, 3), np.uint8)))
    assert pixels_from_file(file).shape == (300, 12_000, 3)


def test_a_header_that_claims_too_much_is_refused_before_decoding(tmp_path: Path) -> None:
    content = bytearray(encoded(".png", scene(4, 4)))
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    file = tmp_path / "bomb.png"
    file.write_bytes(content)
    with pytest.raises(SourceError, match=f"60000x60000 pixels, and at most {MAX_PIXELS // 1_000_000} megapixels"):
        pixels_from_file(file)


def test_a_file_too_long_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "long.bmp"
    file.write_bytes(encoded(".bmp", scene(4, 4)))
    os.truncate(file, MAX_FILE_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))
    with pytest.raises(SourceError, match=f"has {MAX_FILE_BYTES + 1} bytes, and at most 640 MB are read"):
        pixels_from_file(file)


def test_a_pipe_in_the_place_of_a_picture_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(SourceError, match="is not a regular file"):
        pixels_from_file(tmp_path / "pipe.png")


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "empty"), (b"hello", "is not a picture"), (b"\xff\xd8\xff\xe0", "is not a picture")]
)
def test_what_is_no_picture_is_told_so(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "odd.jpg"
    file.write_bytes(content)
    with pytest.raises(SourceError, match=told):
        pixels_from_file(file)


def test_source_yields_its_picture_once(tmp_path: Path) -> None:
    file = tmp_path / "one.png"
    file.write_bytes(encoded(".png", scene(10, 12)))
    (frame,) = PictureSource(file).frames()
    assert (frame.path, frame.index, frame.media_time_s, frame.pixel_format) == ("one.png", 0, 0.0, PixelFormat.BGR)
    assert np.array_equal(frame.pixels, scene(10, 12))


def test_picture_of_another_kind_is_told_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(b"GIF89a" + bytes(100))
    with pytest.raises(SourceError, match=r"a\.gif is not a picture that can be read; convert it to JPEG"):
        pixels_from_file(tmp_path / "a.gif")
