# SPDX-License-Identifier: Apache-2.0
"""TensorRT-RTX, which builds without a GPU, and a store to build into."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from edge.bundle.bundle import Bundle
from edge.engines.flavour import Flavour, load_flavour
from edge.engines.store import EngineStore
from edge.errors import DependencyError
from tests.conftest import CI


@pytest.fixture(scope="session")
def rtx() -> Flavour:
    """Return TensorRT-RTX; it is there wherever NVIDIA has a wheel of it."""
    try:
        return load_flavour("tensorrt_rtx")
    except DependencyError as error:
        if CI and platform.machine() == "x86_64":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def store(tmp_path: Path) -> EngineStore:
    """Return an empty store."""
    return EngineStore(tmp_path / "engines")


@pytest.fixture
def bundle(sound_bundle: Path) -> Bundle:
    """Return a small detector's bundle."""
    return Bundle.open(sound_bundle)
