# SPDX-License-Identifier: Apache-2.0
"""What a file is, by its first bytes; a name can lie, and FFmpeg plays even plain text as a video."""

from __future__ import annotations

from typing import Literal, TypeAlias

FileKind: TypeAlias = Literal["picture", "video"]

HEAD_BYTES = 600

PICTURES_NAMED = "JPEG, PNG, WebP or BMP"
VIDEOS_NAMED = "MP4/MOV, AVI, MKV/WebM, MPEG, WMV, FLV, OGG or Y4M"

ISO_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp", b"uuid")
EBML = b"\x1a\x45\xdf\xa3"
_TRANSPORT_PACKET_BYTES = (188, 192)
_STARTS: tuple[tuple[bytes, FileKind], ...] = (
    (b"\xff\xd8\xff", "picture"),
    (b"\x89PNG\r\n\x1a\n", "picture"),
    (b"BM", "picture"),
    (EBML, "video"),  # Matroska, WebM
    (b"\x00\x00\x01\xba", "video"),  # MPEG program stream
    (b"\x00\x00\x01\xb3", "video"),  # MPEG video
    (b"\x00\x00\x00\x01", "video"),  # raw H.264, H.265
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video"),  # ASF, WMV
    (b"FLV\x01", "video"),
    (b"OggS", "video"),
    (b"YUV4MPEG2 ", "video"),
)


def file_kind(head: bytes) -> FileKind | None:
    """Whether a file is a picture or a video that can be read here, judged by its first `HEAD_BYTES` bytes."""
    if head[:4] == b"RIFF":
        return {b"WEBP": "picture", b"AVI ": "video"}.get(head[8:12])  # type: ignore[return-value]
    if head[4:8] in ISO_BOXES:
        return None if head[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1") else "video"
    for start, kind in _STARTS:
        if head.startswith(start):
            return kind
    return "video" if _is_transport_stream(head) else None


def _is_transport_stream(head: bytes) -> bool:
    for packet_bytes in _TRANSPORT_PACKET_BYTES:
        sync = packet_bytes - 188
        if len(head) > sync + 2 * packet_bytes and all(head[sync + k * packet_bytes] == 0x47 for k in range(3)):
            return True
    return False
