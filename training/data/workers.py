# SPDX-License-Identifier: Apache-2.0
"""Threads and signals of the processes that prepare training pictures."""

from __future__ import annotations

import signal

import cv2


def keep_opencv_single_threaded() -> None:
    """Stop OpenCV's own threads; call it before the first picture is read.

    Loader workers are forked, and OpenCV's thread pool does not survive a fork: the child would wait for ever.
    """
    cv2.setNumThreads(1)


def ignore_termination(_worker: int) -> None:
    """Let a loader worker end with its training, not before: SIGTERM may reach the whole process group.

    A worker that dies of it makes the training fail instead of ending as a terminated command does.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
