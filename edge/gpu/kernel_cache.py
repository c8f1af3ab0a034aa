# SPDX-License-Identifier: Apache-2.0
"""Kernels compiled on the device, once for each CUDA and each version of their sources."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from edge import _native
from edge.engines.trusted_files import open_folder, read_trusted, write_trusted
from edge.errors import DependencyError, EngineError, OutputError

_FLAGS = ("-std=c++17", "-O3", "--fatbin")
_TIMEOUT_S = 600
_MAX_BYTES = 2**28
_HASH_BYTES = hashlib.sha256().digest_size


def compiled_image(capability: tuple[int, int]) -> bytes:
    """Return the kernels' image for a device of this capability, compiled by nvcc unless that was done before.

    Images are kept in `$XDG_CACHE_HOME/edge-hands/kernels` (`~/.cache/...`), which only its owner may enter,
    each behind its SHA-256; one that is damaged is compiled again.

    Raises:
        DependencyError: nvcc is missing, or it failed.
        OutputError: there is no home, or the folder cannot be made or written, or others can enter it.
    """
    compiler, architecture = nvcc(), f"{capability[0]}{capability[1]}"
    folder = _private_folder()
    path = folder / f"sm_{architecture}-{_key(compiler, architecture)}.kernels"
    image = _kept(path)
    if image is None:
        try:
            image = _compile(compiler, architecture, folder)
        except OSError as error:
            raise OutputError(f"cannot compile in {folder}: {error.strerror}; set XDG_CACHE_HOME") from error
        write_trusted(path, hashlib.sha256(image).digest() + image)
    return image


def source_folder() -> Path:
    """Return the folder of the kernels' sources: the checkout's, or what the package was installed with."""
    checkout = Path(__file__).resolve().parent.parent / "native"
    return checkout if checkout.is_dir() else Path(_native.__file__).parent / "gpu" / "source"


def nvcc() -> Path:
    """Return the CUDA compiler. Raises `DependencyError` when there is none."""
    homes = [os.environ.get(name) for name in ("CUDA_HOME", "CUDA_PATH")]
    places = [Path(home) / "bin" for home in (*homes, "/usr/local/cuda") if home]
    found = shutil.which("nvcc") or shutil.which("nvcc", path=os.pathsep.join(map(str, places)))
    if found is None:
        raise DependencyError(
            "the package has no kernels for this GPU and its CUDA, and nvcc, which would compile them, was not found;"
            " install the CUDA toolkit, or set CUDA_HOME to its folder"
        )
    return Path(found)


def _key(compiler: Path, architecture: str) -> str:
    """Return a hash of all that the image is made of."""
    digest = hashlib.sha256()
    version = subprocess.run([compiler, "--version"], capture_output=True, check=False).stdout  # noqa: S603 - found above
    for part in (version, architecture.encode(), *map(str.encode, _FLAGS)):
        digest.update(len(part).to_bytes(8, "little") + part)
    folder = source_folder()
    for path in sorted((*folder.glob("*.hpp"), *folder.glob("cuda/*"))):
        part = path.read_bytes()
        digest.update(path.name.encode() + len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:32]


def _private_folder() -> Path:
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise OutputError("this user has no home to keep compiled kernels in; set XDG_CACHE_HOME") from error
    folder = cache / "edge-hands" / "kernels"
    try:
        open_folder(folder, kept="kernels", variable="XDG_CACHE_HOME")
    except EngineError as error:
        raise OutputError(str(error)) from error
    return folder


def _kept(path: Path) -> bytes | None:
    """Return the image that was kept, None where there is none that is sound."""
    try:
        raw = read_trusted(path, max_bytes=_MAX_BYTES)
    except EngineError:
        return None
    digest, image = raw[:_HASH_BYTES], raw[_HASH_BYTES:]
    return image if hashlib.sha256(image).digest() == digest else None


def _compile(compiler: Path, architecture: str, cache: Path) -> bytes:
    target = f"arch=compute_{architecture},code=sm_{architecture}"
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        image = Path(folder) / "kernels.fatbin"
        source = source_folder() / "cuda" / "kernels.cu"
        command: list[str | Path] = [compiler, *_FLAGS, "-gencode", target, "-o", image, source]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DependencyError(f"{compiler} could not compile the kernels: {error}") from error
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["it gave no reason"]
            raise DependencyError(
                f"{compiler} could not compile the kernels for sm_{architecture}: {lines[0]}; it needs CUDA 12 or newer"
                " and a C++ compiler that it supports"
            )
        return image.read_bytes()
