# SPDX-License-Identifier: Apache-2.0
"""Fixtures that every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

CI = os.environ.get("CI", "").lower() not in ("", "0", "false")

settings.register_profile("edge", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("edge"), derandomize=True, database=None)
settings.load_profile("ci" if CI else "edge")


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """Return the folder of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_dir(repo_root: Path) -> Path:
    """Return the folder of real pictures and videos, named by EDGE_TEST_DATA or found beside the checkout."""
    folder = Path(os.environ.get("EDGE_TEST_DATA", repo_root.parent / "shared" / "data"))
    if folder.is_dir():
        return folder
    reason = f"no real pictures and videos at {folder}; set EDGE_TEST_DATA to their folder"
    if CI:
        pytest.fail(reason)
    pytest.skip(reason)
