# SPDX-License-Identifier: Apache-2.0
"""`V4l2Device`: an open camera that answers requests or says what is wrong with it."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path
from typing import Any

from edge.sources.live_reader import FaultReason, ReaderError
from edge.sources.v4l2 import CameraLock, busy_error
from edge.sources.v4l2_calls import S_CTRL, S_FMT, S_PARM, STREAMON, Call

# A driver whose device was pulled out answers any of these, depending on where the request was.
_GONE = frozenset({errno.ENODEV, errno.ENXIO, errno.ENOTTY, errno.EBADF})
_SETTINGS = frozenset({errno.EINVAL, errno.ERANGE, errno.E2BIG})
_SETTING_CALLS = frozenset({S_FMT.name, S_PARM.name, S_CTRL.name, STREAMON.name})


class V4l2Device:
    """A camera of this process alone, by any path to its node. Raises `ReaderError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = CameraLock(path)
        node = path.resolve()
        self.name = str(path) if node == path else f"{path} ({node})"

    @property
    def descriptor(self) -> int:
        """The open file."""
        return self._lock.descriptor

    def ask(self, call: Call, *values: object) -> tuple[Any, ...] | None:
        """Return the driver's answer to a question; None where it has none. Raises `ReaderError` for other faults."""
        try:
            return self._request(call, values)
        except OSError as error:
            if error.errno in {errno.EINVAL, errno.ENOTTY, errno.EAGAIN, errno.ENODATA}:
                return None
            raise self.fault(call, error) from error

    def order(self, call: Call, *values: object) -> tuple[Any, ...]:
        """Return what the driver made of an order. Raises `ReaderError` when it refuses."""
        try:
            return self._request(call, values)
        except OSError as error:
            raise self.fault(call, error) from error

    def fault(self, call: Call, error: OSError) -> ReaderError:
        """Return what a refused request means for whoever uses the camera."""
        if error.errno == errno.EBUSY:
            return busy_error(self.path)
        if error.errno in _GONE:
            return self.removed()
        if error.errno == errno.ENOSPC:
            return ReaderError(
                f"camera {self.name} gets no room on its USB bus for this mode; ask for a smaller width, height or fps,"
                " or connect it to another port",
                reason=FaultReason.settings,
            )
        told = f"camera {self.name} refused {call.name}: {error.strerror}"
        if error.errno in _SETTINGS and call.name in _SETTING_CALLS:
            return ReaderError(f"{told}; choose what edge-doctor lists for it", reason=FaultReason.settings)
        if error.errno in {errno.EACCES, errno.EPERM}:
            return ReaderError(f"{told}; ask its owner for access", reason=FaultReason.permission)
        return ReaderError(f"{told}; check its cable and power", reason=FaultReason.connection)

    def removed(self) -> ReaderError:
        """Return the error for a camera that is no longer there."""
        return ReaderError(f"camera {self.name} was removed; plug it in again", reason=FaultReason.removed)

    def close(self) -> None:
        """Let go of the camera; may be called twice."""
        self._lock.close()

    def _request(self, call: Call, values: tuple[object, ...]) -> tuple[Any, ...]:
        argument = bytearray(call.fields.pack(*values))
        fcntl.ioctl(self.descriptor, call.number, argument)
        return call.fields.unpack(argument)
