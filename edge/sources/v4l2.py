# SPDX-License-Identifier: Apache-2.0
"""What Linux knows about a camera: what it is, whether it is taken, and by whom.

Structures: Linux UAPI `videodev2.h`, VIDIOC_QUERYCAP.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge.sources.live_reader import FaultReason, ReaderError

_QUERYCAP = 0x80685600
_QUERYCAP_BYTES = 104
_VIDEO_CAPTURE = 0x00000001
_VIDEO_CAPTURE_MPLANE = 0x00001000
_STREAMING = 0x04000000
_DEVICE_CAPS = 0x80000000


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a device open."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.command})"


class CameraLock:
    """One user of this package a camera: an exclusive `flock` on the device node, released by `close` or by death.

    Attributes:
        descriptor: the open file, -1 once it is closed.

    Raises:
        ReaderError: the device is absent, is no camera, may not be opened, or is taken.
    """

    def __init__(self, device: Path) -> None:
        try:
            self.descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise _absent(device) from error
        except PermissionError as error:
            raise ReaderError(
                f"camera {device} may not be opened by this user; add the user to its group (sudo usermod -aG video"
                " $USER) and log in again",
                reason=FaultReason.permission,
            ) from error
        except OSError as error:
            if error.errno == errno.EBUSY:
                raise busy_error(device) from error
            raise ReaderError(
                f"camera {device} cannot be opened: {error.strerror}{_held_by(device)}; plug it in again",
                reason=FaultReason.removed if error.errno in {errno.ENODEV, errno.ENXIO} else FaultReason.connection,
            ) from error
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._check_captures(device)
        except BlockingIOError as error:
            self.close()
            raise busy_error(device) from error
        except ReaderError:
            self.close()
            raise

    def close(self) -> None:
        """Release the camera; may be called twice."""
        if self.descriptor >= 0:
            # Arrays over the driver's memory hold the file open; the lock must not wait for them.
            with suppress(OSError):
                fcntl.flock(self.descriptor, fcntl.LOCK_UN)
            os.close(self.descriptor)
            self.descriptor = -1

    def _check_captures(self, device: Path) -> None:
        answer = bytearray(_QUERYCAP_BYTES)
        try:
            fcntl.ioctl(self.descriptor, _QUERYCAP, answer)
        except OSError as error:
            if error.errno in {errno.ENODEV, errno.ENXIO}:
                raise ReaderError(
                    f"camera {device} was removed; plug it in again", reason=FaultReason.removed
                ) from error
            raise _no_camera(device, "is not a camera") from error
        all_caps, device_caps = struct.unpack_from("=II", answer, 84)
        caps = device_caps if all_caps & _DEVICE_CAPS else all_caps
        if not caps & (_VIDEO_CAPTURE | _VIDEO_CAPTURE_MPLANE):
            raise _no_camera(device, "delivers no pictures (it carries metadata or output)")
        if not caps & _VIDEO_CAPTURE or not caps & _STREAMING:
            raise ReaderError(
                f"camera {device} streams in planes of their own, which is not read here; choose another camera",
                reason=FaultReason.codec,
            )


def busy_error(device: Path) -> ReaderError:
    """The error for a camera that another process uses, naming it where it can be found."""
    return ReaderError(
        f"camera {device} is busy{_held_by(device)}; stop that program or choose another camera",
        reason=FaultReason.busy,
    )


def holders(device: Path, *, proc: Path = Path("/proc")) -> list[Holder]:
    """Other processes that have a device open, as far as this user may see them."""
    target = os.path.realpath(device)
    processes = (entry for entry in proc.iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid())
    found = (Holder(int(entry.name), _command(entry)) for entry in processes if _has_open(entry, target))
    return sorted(found, key=lambda holder: holder.pid)


def cameras(*, nodes: Path = Path("/dev")) -> list[Path]:
    """Video device nodes, in the order of their numbers."""
    return sorted(nodes.glob("video[0-9]*"), key=lambda node: int(re.sub(r"\D", "", node.name) or 0))


def stable_name(node: Path, *, links: Path = Path("/dev/v4l/by-id")) -> Path | None:
    """Return the link that leads to a camera's node whatever its number is; None where there is none."""
    target = node.resolve()
    found = sorted(links.iterdir()) if links.is_dir() else []
    return next((link for link in found if link.resolve() == target), None)


def _has_open(process: Path, target: str) -> bool:
    try:
        return any(os.path.realpath(link) == target for link in (process / "fd").iterdir())
    except OSError:
        return False


def _command(process: Path) -> str:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "unknown"


def _held_by(device: Path) -> str:
    found = holders(device)
    return f", held by {' and '.join(map(str, found))}" if found else ""


def _absent(device: Path) -> ReaderError:
    if device.is_symlink():
        told = f"camera {device} is unplugged, its link leads to {device.readlink()}"
    else:
        told = f"camera {device} is absent"
    return ReaderError(f"{told}; {_cameras_named()}", reason=FaultReason.not_found)


def _no_camera(device: Path, why: str) -> ReaderError:
    return ReaderError(f"{device} {why}; {_cameras_named()}", reason=FaultReason.settings)


def _cameras_named() -> str:
    found = cameras()
    if found:
        return f"cameras of this machine: {', '.join(str(stable_name(node) or node) for node in found)}"
    return "this machine has no /dev/video device; connect a camera or use the built-in scene test:hands"
