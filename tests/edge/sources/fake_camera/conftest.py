# SPDX-License-Identifier: Apache-2.0
"""Where the fake driver looks for cameras."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def node() -> Path:
    """Return where a fake camera may be; its folder is the one that the driver watches."""
    folder = Path(os.environ["FAKE_V4L2"])
    for left in folder.glob("video*"):
        left.unlink()
    return folder / "video0"
