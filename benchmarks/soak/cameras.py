# SPDX-License-Identifier: Apache-2.0
"""RTSP cameras in a process of their own, which do as its standard input says."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from types import TracebackType

from benchmarks.soak.h264 import Clip
from benchmarks.soak.rtsp_server import Misbehaviour, RtspServer
from edge.scene import Scene

FPS = 25.0
_CLIP_FRAMES, _KEY_EVERY, _WIDTH_PX, _HEIGHT_PX = 50, 25, 320, 240


class Cameras:
    """The process, seen from outside; while entered, `addresses` is where its cameras are."""

    def __init__(self, count: int, *, seed: int) -> None:
        command = [sys.executable, "-m", __name__, str(count), str(seed)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addresses = [self._line() for _ in range(count)]

    def misbehave(self, camera: int, misbehaviour: Misbehaviour) -> None:
        """Have a camera do something wrong from now on, or nothing."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{camera} {misbehaviour.value}\n")
            self._process.stdin.flush()

    def __enter__(self) -> Cameras:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate(timeout=30)

    def _line(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise RuntimeError("the cameras' process ended; run python -m benchmarks.soak.cameras 1 0 to see why")
        return line.strip()


def _serve(count: int, seed: int) -> None:
    scene = Scene(_WIDTH_PX, _HEIGHT_PX, hands=2, seed=seed, fps=FPS)
    clip = Clip.from_pictures(
        [scene.render(number / FPS).bgr for number in range(_CLIP_FRAMES)], fps=FPS, key_every=_KEY_EVERY
    )
    with ExitStack() as stack:
        servers = [stack.enter_context(RtspServer(clip, seed=seed + number)) for number in range(count)]
        for server in servers:
            print(server.address, flush=True)
        for line in sys.stdin:
            number, misbehaviour = line.split()
            servers[int(number)].misbehaviour = Misbehaviour(misbehaviour)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
