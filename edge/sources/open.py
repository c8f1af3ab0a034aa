# SPDX-License-Identifier: Apache-2.0
"""From the name of a source to the source."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from edge.errors import SourceError, UsageError
from edge.sources.credentials import redacted
from edge.sources.reconnect import Reconnect
from edge.sources.signature import HEAD_BYTES, PICTURES_NAMED, VIDEOS_NAMED, file_kind
from edge.sources.source import Source

SOURCES_NAMED = (
    "a video file, a picture, a folder of pictures, v4l2:/dev/videoN, csi:0, rtsp://HOST/PATH, http://HOST/PATH or"
    " test:hands"
)


def open_source(uri: str | Path, *, reconnect: Reconnect | str = Reconnect.once_live) -> Source:
    """Open a video file, a picture, a folder of pictures, a camera, a stream or `test:hands`.

    `reconnect` says when a camera or stream that failed is opened again: `never`, `once_live` or `always`.

    Raises:
        UsageError: the scheme or an option is unknown.
        SourceError: there is nothing usable at the place named.
    """
    text, reconnect = str(uri), Reconnect.from_name(reconnect)
    scheme, colon, rest = text.partition(":")
    if isinstance(uri, str) and colon and not _exists(Path(text)):
        if scheme.lower() in _LIVE_SCHEMES:
            scheme = scheme.lower()
            text = f"{scheme}:{rest}"
        if scheme == "test":
            return _open_test(text)
        if scheme in _LIVE_SCHEMES:
            return _LIVE_SCHEMES[scheme](text, reconnect)
        if scheme.isalnum() and "/" not in scheme:
            raise UsageError(f"unknown scheme {scheme + ':'!r} in source {redacted(text)!r}; expected {SOURCES_NAMED}")
    return _open_path(Path(text), name=text, reconnect=reconnect)


def _open_path(path: Path, *, name: str, reconnect: Reconnect) -> Source:
    try:
        if path.is_dir():
            from edge.sources.folder import FolderSource

            return FolderSource(path, name=name)
        if path.is_char_device():
            return _open_camera(f"v4l2:{path}", reconnect)
        if path.exists() and not path.is_file():
            raise SourceError(f"source {path} is not a regular file; expected {SOURCES_NAMED}")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        raise SourceError(_not_found(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SourceError(
            f"source {redacted(str(path))} cannot be read: {reason}; check the path and its permissions"
        ) from None
    return _open_file(path, head, name=name)


def _open_file(path: Path, head: bytes, *, name: str) -> Source:
    if not head:
        raise SourceError(f"source {path} is empty (0 bytes); record, copy or download it again")
    kind = file_kind(head)
    if kind == "picture":
        from edge.sources.picture import PictureSource

        return PictureSource(path, name=name)
    if kind == "video":
        from edge.sources.video import VideoSource

        return VideoSource(path, name=name)
    raise SourceError(
        f"source {path} is neither a video ({VIDEOS_NAMED}) nor a picture ({PICTURES_NAMED}); convert it to one of them"
    )


def _exists(path: Path) -> bool:
    with suppress(OSError, ValueError):
        return path.exists()
    return True


def _not_found(path: Path) -> str:
    if path.is_symlink():
        return f"source {path} is a link to {path.readlink()}, which does not exist; mend the link or name a file"
    message = f"source {redacted(str(path))} does not exist; expected {SOURCES_NAMED}"
    with suppress(OSError):
        near = get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()], n=1, cutoff=0.8)
        if near:
            message += f"; did you mean {path.parent / near[0]}?"
    return message


def _open_camera(uri: str, reconnect: Reconnect) -> Source:
    from edge.sources.camera import camera_from_uri

    return camera_from_uri(uri, reconnect=reconnect)


def _open_stream(uri: str, reconnect: Reconnect) -> Source:
    from edge.sources.stream import stream_from_uri

    return stream_from_uri(uri, reconnect=reconnect)


def _open_gst(uri: str, reconnect: Reconnect) -> Source:
    from edge.sources.gst import gst_from_uri

    return gst_from_uri(uri, reconnect=reconnect)


def _open_test(uri: str) -> Source:
    from edge.sources.scene import SceneSource

    return SceneSource.from_uri(uri)


_LIVE_SCHEMES: dict[str, Callable[[str, Reconnect], Source]] = {
    "v4l2": _open_camera,
    **dict.fromkeys(("csi", "gst"), _open_gst),
    **dict.fromkeys(("rtsp", "rtsps", "http", "https"), _open_stream),
}
