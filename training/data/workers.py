# SPDX-License-Identifier: Apache-2.0
"""Threads of the process that prepares training pictures."""

from __future__ import annotations

import cv2


def keep_opencv_single_threaded() -> None:
    """Stop OpenCV's own threads; call it before the first picture is read.

    Loader workers are forked, and OpenCV's thread pool does not survive a fork: the child would wait for ever.
    """
    cv2.setNumThreads(1)
