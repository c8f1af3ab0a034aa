# SPDX-License-Identifier: Apache-2.0
"""How loader workers start."""

from __future__ import annotations

import cv2
import torch


def single_threaded(_worker: int) -> None:
    """Keep a loader worker on one core: more threads than cores spin against each other."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
