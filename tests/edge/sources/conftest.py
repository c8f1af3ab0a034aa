# SPDX-License-Identifier: Apache-2.0
"""A clip to stream, and certificates."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.soak.h264 import Clip
from tests.conftest import CI

WH = (160, 120)


@pytest.fixture(scope="session")
def clip() -> Clip:
    """Return 25 grey pictures, each lighter than the one before, with a key frame every 12."""
    pictures = [np.full((WH[1], WH[0], 3), 40 + 4 * number, np.uint8) for number in range(25)]
    return Clip.from_pictures(pictures, fps=50, key_every=12)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """Return a certificate that nobody signed, and a server's side of it."""
    if shutil.which("openssl") is None:
        (pytest.fail if CI else pytest.skip)("openssl is not installed; apt-get install openssl")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=camera",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            folder / "key.pem",
            "-out",
            folder / "certificate.pem",
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return folder / "certificate.pem", context
