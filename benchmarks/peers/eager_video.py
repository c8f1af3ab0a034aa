# SPDX-License-Identifier: Apache-2.0
"""Our models in PyTorch, eager, on the CPU: `python -m benchmarks.peers.eager_video VIDEO` prints as `watch` does."""

from __future__ import annotations

from pathlib import Path

import torch
import typer

from benchmarks.gpu_eager import EagerPipeline
from benchmarks.peers.watching import watch

MOST_HANDS = 16


def main(video: Path) -> None:
    """Print frames a second over a video."""
    pipeline = EagerPipeline(torch.device("cpu"), hands=MOST_HANDS)
    print(watch(video, lambda bgr: len(pipeline(bgr)["boxes"])))


if __name__ == "__main__":
    typer.run(main)
