# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from edge.sources.container import Container, container_from_file

FTYP = b"\x00\x00\x00\x10ftypisomisom"
MOOV = b"\x00\x00\x00\x08moov"
MDAT = b"\x00\x00\x00\x0cmdat1234"
NO_INDEX = "its index (moov), which a recorder writes last"
EBML_HEADER = b"\x1a\x45\xdf\xa3\x83abc"
SEGMENT = b"\x18\x53\x80\x67"


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (FTYP + MOOV, None),
        (FTYP + MDAT + MOOV, None),
        (FTYP + b"\x00\x00\x01\x08moov", "256 of 280 bytes"),
        (FTYP + MOOV + b"\x00\x00\x01\x08mdat1234", "252 of 288 bytes"),
        (FTYP + MOOV + b"\x00\x00\x00\x00mdat1234", None),
        (FTYP + MOOV + b"\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x10", None),
        (FTYP + b"\x00\x00\x00\x04moov", "readable data"),
        (FTYP + MDAT + bytes(64), "readable data"),
        (FTYP, NO_INDEX),
        (FTYP + b"\x00\x00\x01\x08mdat1234", NO_INDEX),
        (FTYP + MDAT + MOOV + bytes(64), None),
        (FTYP + MDAT + MOOV + b"\x00\x00\x01\x08free", None),
        (FTYP + MDAT + MOOV + b"\x00\x00\x00\x04mdat", None),
        (FTYP + MDAT + MOOV + b"1234567", None),
    ],
)
def test_boxes_tell_what_is_missing(tmp_path: Path, content: bytes, missing: str | None) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert container_from_file(file) == Container(missing, "frames")


def test_fragments_state_no_number_of_frames(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(FTYP + MOOV + b"\x00\x00\x00\x08moof" + MDAT)
    assert container_from_file(file) == Container(None, None)


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (EBML_HEADER + SEGMENT + b"\x84abcd", None),
        (EBML_HEADER + SEGMENT + b"\x84ab", "2 of 17 bytes"),
        (EBML_HEADER + SEGMENT + b"\x01\x00\x00\x00\x00\x00\x01\x00abcd", "252 of 276 bytes"),
        (EBML_HEADER + SEGMENT + b"\xffabcd", None),
        (EBML_HEADER + SEGMENT + b"\x01\xff\xff\xff\xff\xff\xff\xffabcd", None),
        (EBML_HEADER + b"\xec\x82xx" + SEGMENT + b"\x84a", "3 of 21 bytes"),
        (EBML_HEADER + bytes(9), None),
        (EBML_HEADER, None),
    ],
)
def test_segment_tells_what_is_missing(tmp_path: Path, content: bytes, missing: str | None) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    assert container_from_file(file) == Container(missing, None)


@pytest.mark.parametrize(
    ("content", "stated"),
    [
        (b"YUV4MPEG2 W96 H64 F10:1", "duration"),
        (b"FLV\x01", "duration"),
        (b"RIFF\x00\x01\x00\x00AVI ", "frames"),
        (b"", "duration"),
    ],
)
def test_other_containers_have_no_boxes(tmp_path: Path, content: bytes, stated: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    container = container_from_file(file)
    assert (container.missing, container.stated) == (None, stated)
