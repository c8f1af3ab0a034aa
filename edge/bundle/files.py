# SPDX-License-Identifier: Apache-2.0
"""Files of a bundle, read without leaving its folder, following a link, or trusting a length."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from edge.bundle.manifest import MANIFEST_FILE, MAX_MANIFEST_BYTES, FileEntry
from edge.errors import BundleDamagedError, BundleError

MAX_FILE_BYTES = 16 * 2**20


def read_manifest_file(folder: Path) -> bytes:
    """Return the bytes of `bundle.json`. Raises `BundleError` when there is none or it cannot be read."""
    if not folder.is_dir():
        raise BundleError(f"{folder} is not a folder; expected a bundle, a folder with {MANIFEST_FILE} in it")
    if not (folder / MANIFEST_FILE).exists():
        raise BundleError(
            f"{folder} is not a bundle, it has no {MANIFEST_FILE}; give the folder that edge-export printed"
        )
    return _read_within(folder, MANIFEST_FILE, MAX_MANIFEST_BYTES)


def read_verified(folder: Path, name: str, entry: FileEntry, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the bytes of file `name` after checking place, length and hash. Raises `BundleDamagedError`."""
    if entry.bytes > max_bytes:
        raise BundleDamagedError(
            f"{folder / name} is listed with {entry.bytes} bytes, more than the {max_bytes} allowed"
        )
    content = _read_within(folder, name, max_bytes)
    if len(content) != entry.bytes:
        raise BundleDamagedError(
            f"{folder / name} has {len(content)} bytes, the manifest says {entry.bytes}; copy the bundle again"
        )
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise BundleDamagedError(
            f"{folder / name} is not the file the manifest describes (SHA-256 differs); copy the bundle again"
        )
    return content


def entry_from_bytes(content: bytes) -> FileEntry:
    """Return the manifest's entry for a file of this content."""
    return FileEntry(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def _read_within(folder: Path, name: str, max_bytes: int) -> bytes:
    path = folder
    for part in name.split("/"):
        path = path / part
        if part in {"", ".", ".."} or path.is_symlink():
            raise BundleDamagedError(
                f"{path} leads out of the bundle (a link or a relative part); store the file itself"
            )
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise BundleDamagedError(f"{path} is missing; copy the bundle again") from error
    except OSError as error:
        raise BundleDamagedError(f"{path} cannot be read: {error.strerror}; check its permissions") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BundleDamagedError(f"{path} is not a regular file; copy the bundle again")
        if status.st_size > max_bytes:
            raise BundleDamagedError(f"{path} has {status.st_size} bytes, more than the {max_bytes} allowed")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(max_bytes + 1)
    except OSError as error:
        raise BundleDamagedError(f"{path} cannot be read: {error.strerror}; check the disk") from error
    finally:
        os.close(descriptor)
