# SPDX-License-Identifier: Apache-2.0
"""`write_bundle`: a bundle appears complete or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from edge.bundle.bundle import Bundle
from edge.bundle.files import entry_from_bytes
from edge.bundle.manifest import MANIFEST_FILE, Manifest, json_from_manifest
from edge.errors import OutputError


def write_bundle(
    folder: Path,
    manifest: Manifest,
    contents: Mapping[str, bytes],
    *,
    check: Callable[[Bundle], object] | None = None,
) -> Bundle:
    """Write `manifest` and the files it lists into `folder`, replacing a bundle that is there; return it, opened.

    The same arguments give the same bytes. Files are written beside the destination, flushed to disk and moved as one
    folder. `check` is called before the move with the bundle to be; what it raises leaves `folder` as it was.
    Raises `ValueError` when `contents` are not what the manifest lists, `OutputError` when `folder` is something else
    than a bundle or cannot be written.
    """
    listed = {name: entry_from_bytes(content) for name, content in contents.items()}
    if listed != manifest.files:
        raise ValueError(
            f"contents must be the files of the manifest ({', '.join(manifest.files)}), got {', '.join(listed)}"
        )
    if folder.exists() and not _replaceable(folder):
        raise OutputError(f"{folder} exists and is not a bundle; give another folder, or move it away")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            for name, content in {**contents, MANIFEST_FILE: json_from_manifest(manifest)}.items():
                _write_file(draft / name, content)
            draft.chmod(0o755)
            _flush_folders(draft)
            if check is not None:
                check(Bundle.open(draft))
            _swap(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise OutputError(
            f"cannot write bundle {folder}: {error.strerror or error}; check space and permissions"
        ) from error
    return Bundle.open(folder)


def _replaceable(folder: Path) -> bool:
    return folder.is_dir() and ((folder / MANIFEST_FILE).is_file() or not any(folder.iterdir()))


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _flush_folders(root: Path) -> None:
    for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
        _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _swap(draft: Path, folder: Path) -> None:
    """Move `draft` to `folder`; what was there is put back if that fails, and deleted only afterwards."""
    retired = draft.with_name(f"{draft.name}.old")
    if folder.exists():
        folder.rename(retired)
    try:
        draft.rename(folder)
    except OSError:
        if retired.exists():
            retired.rename(folder)
        raise
    _flush_folder(folder.parent)
    shutil.rmtree(retired, ignore_errors=True)
