# SPDX-License-Identifier: Apache-2.0
"""A bundle to look at, and a copy of it to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.edge.bundles import detector_contract, detector_model, write_small_bundle


@pytest.fixture(scope="session")
def sound_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a small detector's bundle; leave it as it is."""
    folder = tmp_path_factory.mktemp("bundles") / "small-detector"
    return write_small_bundle(folder, detector_contract(), detector_model()).path


@pytest.fixture
def bundle_copy(sound_bundle: Path, tmp_path: Path) -> Path:
    """Return the folder of a bundle that a test may spoil."""
    return Path(shutil.copytree(sound_bundle, tmp_path / "copy"))
