# SPDX-License-Identifier: Apache-2.0
"""Python, ONNX Runtime and its providers, each of which has to prove itself, and OpenCV."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from edge.doctor.finding import Finding, Status

# FP16 and TF32 of a GPU stay below; a wrong result does not.
_SAME = 0.02
_PATIENCE_S = 120
# The one that models run on.
_NEEDED = "CPUExecutionProvider"
# It sends models to a service and computes nothing here.
_REMOTE = "AzureExecutionProvider"
_GSTREAMER = re.compile(r"^\s*GStreamer:\s*(.*)$", re.MULTILINE)


def examine_runtimes(model: Path) -> Iterator[Finding]:
    """Yield what runs models and reads pictures here; providers prove themselves on the ONNX file `model`."""
    import cv2
    import onnxruntime

    version = platform.python_version()
    if sys.version_info < (3, 11):
        remedy = "nothing to do on JetPack 6; elsewhere take Python 3.11 or newer, for which ONNX Runtime goes on"
        yield Finding("runtimes", "Python", version, "note", remedy)
    else:
        yield Finding("runtimes", "Python", version)
    yield Finding("runtimes", "ONNX Runtime", onnxruntime.__version__)
    for provider in onnxruntime.get_available_providers():
        yield examine_provider(provider, model)
    found = _GSTREAMER.search(cv2.getBuildInformation())
    gstreamer = found[1].strip() if found else "NO"
    told = f"{cv2.__version__}, GStreamer: {gstreamer}, from {Path(cv2.__file__).parent}"
    yield Finding("runtimes", "OpenCV", told)


def examine_provider(provider: str, model: Path) -> Finding:
    """Return whether a provider computes what the CPU does; that of the CPU must, others may be improved."""
    if provider == _REMOTE:
        return Finding("runtimes", provider, "runs nothing on this machine")
    command = [sys.executable, "-m", "edge.doctor.provider", provider, str(model.resolve())]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    try:
        done = subprocess.run(  # noqa: S603 - this very program
            command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False, env=environment, cwd="/"
        )
    except subprocess.TimeoutExpired:
        return _useless(provider, f"gave no result within {_PATIENCE_S} s")
    if done.returncode != 0:
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), f"code {done.returncode}")
        return _useless(provider, f"is listed but cannot run: {last.strip()[:200]}")
    difference = float(json.loads(done.stdout)["difference"])
    if math.isnan(difference) or difference > _SAME:
        return _useless(provider, f"computes something else than the CPU, by {difference:.2g} of the largest value")
    return Finding("runtimes", provider, f"runs, and differs from the CPU by {difference:.1e} of the largest value")


def _useless(provider: str, told: str) -> Finding:
    status: Status = "problem" if provider == _NEEDED else "note"
    return Finding("runtimes", provider, told, status, "install the onnxruntime package that is built for this machine")
