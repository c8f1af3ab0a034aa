# SPDX-License-Identifier: Apache-2.0
"""Our models run over a video as most tutorials would: OpenCV, numpy and ONNX Runtime with its defaults, in one loop.

Prints {"fps": float, "frames": int, "hands": int}: `python -m benchmarks.peers.tutorial_loop VIDEO [--torch]`; with
`--torch` the same weights run in PyTorch, eager, in place of ONNX Runtime.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from edge.bundle.bundle import Bundle
from edge.bundle.contract import PictureContract
from edge.bundle.zoo import find_bundle
from edge.errors import SourceError
from edge.results import Hands
from edge.runners import FakeRunner
from edge.tasks.detector import HandDetector
from edge.tasks.hand_task import HandTask
from edge.tasks.loading import task_from_runner
from edge.tasks.task import Task

Tensors = Mapping[str, NDArray[np.float32]]
Network = Callable[[NDArray[np.float32]], Tensors]
WEIGHTS = Path(__file__).resolve().parents[2] / "training" / "weights"
