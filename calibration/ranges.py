# SPDX-License-Identifier: Apache-2.0
"""`Ranges`: the thresholds of every activation, measured once for all methods and kept for the next time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from calibration.histogram import Histogram
from calibration.thresholds import METHODS, Method, threshold_of
from edge.bundle.contract import ModelContract
from edge.errors import SourceError
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.strict_model import StrictModel
from export.onnx_graph import graph_from_bytes, with_outputs

RANGES_VERSION = 1


class Ranges(StrictModel):
    """Thresholds by method and tensor; `key` names the graph, the preprocessing and the data they were measured on."""

    key: str
    thresholds: dict[Method, dict[str, float]]


def cache_folder() -> Path:
    """Return where ranges are kept, `$XDG_CACHE_HOME/edge-hands/ranges`."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "edge-hands" / "ranges"


def ranges_of(
    model: bytes,
    contract: ModelContract,
    inputs: Sequence[NDArray[np.float32]],
    tensors: Sequence[str],
    *,
    cache: Path | None = None,
) -> Ranges:
    """Return the thresholds of `tensors` over the network inputs (N, ...), from `cache` where they are there.

    Raises `SourceError` when there is no input or a tensor is not finite on one.
    """
    if not inputs:
        raise SourceError("there is nothing to calibrate on: no picture shows what this model looks at")
    key = _key(model, contract, inputs, tensors)
    file = None if cache is None else cache / f"{key}.json"
    kept = None if file is None else _read(file, key)
    if kept is not None:
        return kept
    histograms = _histograms(model, contract, inputs, tensors)
    thresholds = {
        method: {name: threshold_of(histogram, method) for name, histogram in histograms.items()} for method in METHODS
    }
    ranges = Ranges(key=key, thresholds=thresholds)
    if file is not None:
        # A cache that cannot be written costs the next run a minute and this one nothing.
        with contextlib.suppress(OSError):
            _write(file, ranges)
    return ranges


def _histograms(
    model: bytes, contract: ModelContract, inputs: Iterable[NDArray[np.float32]], tensors: Sequence[str]
) -> dict[str, Histogram]:
    histograms = {name: Histogram() for name in tensors}
    given = contract.input.name
    within = [name for name in tensors if name != given]
    with OnnxRuntimeRunner(with_outputs(graph_from_bytes(model), within), inputs=(contract.input.spec(),)) as runner:
        for values in inputs:
            runner.input_buffer(given, values.shape)[:] = values
            answers = {**runner.infer(), given: values}
            for name, histogram in histograms.items():
                if not np.isfinite(answers[name]).all():
                    raise SourceError(f"tensor {name!r} is not finite on a calibration picture; export the model again")
                histogram.add(answers[name])
    return histograms


def _key(model: bytes, contract: ModelContract, inputs: Iterable[NDArray[np.float32]], tensors: Sequence[str]) -> str:
    """Return a hash of the graph, how pictures become its input, and that input."""
    digest = hashlib.sha256(f"{RANGES_VERSION} {contract.input.model_dump_json()} {list(tensors)}".encode())
    digest.update(hashlib.sha256(model).digest())
    for values in inputs:
        digest.update(repr(values.shape).encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _read(file: Path, key: str) -> Ranges | None:
    try:
        ranges = Ranges.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None
    return ranges if ranges.key == key else None


def _write(file: Path, ranges: Ranges) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=".ranges-")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(ranges.model_dump_json().encode())
    Path(draft).replace(file)
