# SPDX-License-Identifier: Apache-2.0
"""Files that only this user can have written, in a folder that only this user can enter.

A plan is native code to TensorRT: whoever may write it may run anything.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.errors import EngineError, OutputError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
PART = ".part"


def open_folder(folder: Path, *, kept: str = "engines", variable: str = "EDGE_ENGINES") -> None:
    """Make `folder` for this user alone, or check that it is so.

    `kept` and `variable` tell in errors what is in it and how to choose another. Raises `EngineError` when it belongs
    to another user, is a link, or may be entered by others, `OutputError` when it cannot be made.
    """
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # closed even where new folders are the group's
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status, above = folder.lstat(), folder.parent.stat()
    except OSError as error:
        raise OutputError(
            f"cannot make the folder of {kept} {folder}: {error.strerror}; name another in {variable}"
        ) from error
    if not stat.S_ISDIR(status.st_mode):
        raise EngineError(f"{folder} is not a folder of {kept} but a link or a file; name another in {variable}")
    if status.st_uid != os.geteuid():
        raise EngineError(
            f"{folder} belongs to user {status.st_uid}, not to {os.geteuid()} who runs this; {kept} are code, so name"
            f" a folder of your own in {variable}"
        )
    if above.st_mode & _OTHERS_WRITE and not above.st_mode & stat.S_ISVTX:
        raise EngineError(
            f"{folder.parent} is open to other users: of its folders anybody may put another folder in its place; name"
            f" a folder elsewhere in {variable}"
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise EngineError(
            f"{folder} is open to other users (mode {stat.S_IMODE(status.st_mode):o}); {kept} are code, so do"
            f" `chmod 700 {folder}` and build them again"
        )


def read_trusted(path: Path, *, max_bytes: int) -> bytes:
    """Return the bytes of a regular file of this user that nobody else can write, at most `max_bytes`.

    Raises `EngineError`, also when there is none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _require_trust(path, os.fstat(descriptor), max_bytes)
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                return stream.read(max_bytes + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}") from error


def write_trusted(path: Path, content: bytes) -> None:
    """Write a file of this user alone; it appears complete or not at all. Raises `OutputError`."""
    with _writing(path):
        descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=PART, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(descriptor)
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make what was renamed in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_trust(path: Path, status: os.stat_result, max_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise EngineError(f"{path} is not a regular file")
    if status.st_uid != os.geteuid() or status.st_mode & _OTHERS_WRITE or status.st_nlink != 1:
        raise EngineError(f"{path} may have been written by others (its owner, mode or links say so)")
    if status.st_size > max_bytes:
        raise EngineError(f"{path} has {status.st_size} bytes, more than the {max_bytes} expected")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; check space and permissions") from error
