# SPDX-License-Identifier: Apache-2.0
"""Our models run over a video as most tutorials would: OpenCV, numpy and ONNX Runtime with its defaults, in one loop.

Prints {"fps": float, "frames": int, "hands": int}: `python -m benchmarks.peers.tutorial_loop VIDEO [--torch]`; with
`--torch` the same weights run in PyTorch, eager, in place of ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[np.float32]]
Network = Callable[[NDArray[np.float32]], Tensors]
WEIGHTS = Path(__file__).resolve().parents[2] / "training" / "weights"
