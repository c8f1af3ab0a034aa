# SPDX-License-Identifier: Apache-2.0
"""Two files of one model compared on pictures: outputs, tensors between them on request, and decoded hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np

from edge.bundle.bundle import Bundle
from edge.bundle.contract import ModelContract
from edge.bundle.precision import Precision
from edge.bundle.zoo import find_bundle
from edge.errors import ModelError, SourceError, UsageError
from edge.runners.onnxruntime import OnnxRuntimeRunner
from edge.tasks.loading import task_from_runner
from export.comparison import Agreement, agreement, tensors_from_pictures
from export.onnx_graph import float_tensors, graph_from_bytes, tensor_types, with_outputs
from export.output_difference import OutputDifference, output_differences
from export.pictures import CheckPicture
from export.runner_from_onnx import runner_from_onnx

# Root mean square of a tensor's differences as a share of its own: FP16 stays below, INT8 does not.
DEPARTS = 0.01


@dataclass(frozen=True, slots=True)
class ModelFile:
    """An ONNX file and what it was called; `contract` is None where it comes without a bundle."""

    name: str
    model: bytes
    contract: ModelContract | None


@dataclass(frozen=True, slots=True)
class FileDifference:
    """How two files differ: their outputs, the tensors that both have, and the hands that they agree about.

    `departs` is the first tensor, in the order of the first file, that differs by more than `DEPARTS`.
    """

    pictures: int
    outputs: tuple[OutputDifference, ...]
    tensors: tuple[OutputDifference, ...]
    departs: str | None
    hands: Agreement

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; what is not finite is null."""
        document = asdict(self)
        for entry in (*document["outputs"], *document["tensors"]):
            entry.update({key: None for key, value in entry.items() if value in (np.inf, -np.inf)})
        return document


def file_from_name(name: str) -> ModelFile:
    """Return an ONNX file, or `BUNDLE@PRECISION`, by default float32, of a shipped name or a folder.

    Raises `SourceError` for a file that cannot be read, `UsageError` for a name or precision that is not known, and
    `BundleError`.
    """
    if name.endswith(".onnx"):
        try:
            return ModelFile(name, Path(name).read_bytes(), None)
        except OSError as error:
            raise SourceError(f"{name} cannot be read: {error.strerror}; give an ONNX file") from error
    place, _, wanted = name.partition("@")
    known = {precision: precision for precision in get_args(Precision)}
    if wanted and wanted not in known:
        raise UsageError(f"{wanted!r} is no precision; choose {', '.join(known)}")
    bundle = Bundle.open(find_bundle(place))
    return ModelFile(name, bundle.read_model(known[wanted] if wanted else "fp32"), bundle.manifest)


def file_difference(
    reference: ModelFile, candidate: ModelFile, pictures: Sequence[CheckPicture], *, between: bool = False
) -> FileDifference:
    """Compare two files on pictures; `between` compares the tensors between inputs and outputs that both have too.

    Raises `UsageError` when neither comes with a bundle, `ModelError` when they do not keep one contract.
    """
    contract = reference.contract or candidate.contract
    if contract is None:
        raise UsageError("at least one of the files must be of a bundle, which says what goes in and comes out")
    inputs = tensors_from_pictures(contract.input, pictures)
    with (
        runner_from_onnx(contract, reference.model) as ours,
        runner_from_onnx(contract, candidate.model) as theirs,
    ):
        outputs = output_differences(ours, theirs, inputs)
        hands = agreement(task_from_runner(contract, ours), task_from_runner(contract, theirs), pictures)
    tensors: tuple[OutputDifference, ...] = ()
    if between:
        names = _shared(reference.model, candidate.model)
        with _wide(contract, reference.model, names) as ours, _wide(contract, candidate.model, names) as theirs:
            tensors = output_differences(ours, theirs, inputs, names)
    departs = next((one.output for one in tensors or outputs if not one.relative <= DEPARTS), None)
    return FileDifference(len(pictures), outputs, tensors, departs, hands)


def _shared(reference: bytes, candidate: bytes) -> list[str]:
    theirs = tensor_types(graph_from_bytes(candidate))
    names = [name for name in float_tensors(graph_from_bytes(reference)) if name in theirs]
    if not names:
        raise ModelError("the two graphs share no tensor by name; compare their outputs alone")
    return names


def _wide(contract: ModelContract, model: bytes, names: Sequence[str]) -> OnnxRuntimeRunner:
    return OnnxRuntimeRunner(with_outputs(graph_from_bytes(model), names), inputs=(contract.input.spec(),))
