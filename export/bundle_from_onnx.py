# SPDX-License-Identifier: Apache-2.0
"""An ONNX file made elsewhere, and what its maker says of it, to a bundle that has passed its own self-test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import yaml
from pydantic import ValidationError

from edge.bundle.bundle import Bundle
from edge.bundle.contract import ModelContract
from edge.bundle.files import entry_from_bytes
from edge.bundle.manifest import MAX_MODEL_BYTES, Manifest
from edge.bundle.onnx_wire import refuse_external_data
from edge.bundle.provenance import DataSource, Provenance
from edge.bundle.writing import write_bundle
from edge.errors import BundleFormatError, ModelError, SourceError, UsageError
from edge.strict_model import first_problem
from edge.tasks.loading import task_from_runner
from export.onnx_from_module import checked_bytes
from export.onnx_graph import STANDARD_DOMAINS, graph_from_bytes
from export.pictures import picture_from_file, rendered_pictures
from export.runner_from_onnx import runner_from_onnx
from export.self_test_vector import self_test_vector
from export.settings import ExportSettings

MODEL_FILE = "model.onnx"
NOT_STATED = "not stated"


def bundle_from_onnx(
    path: Path, contract_file: Path, settings: ExportSettings, *, say: Callable[[str], None]
) -> Bundle:
    """Pack the ONNX file at `path` as the bundle that `contract_file`, YAML or JSON, describes.

    The file has the fields of `bundle.json` that are about input, outputs and decoder. Raises `SourceError` for a file
    that cannot be read, `UsageError` for a contract that is none or not this model's, `ModelError` for a model that
    cannot be run, `OutputError` when the bundle cannot be written.
    """
    contract = _contract(contract_file)
    say(f"reading {path}")
    model = _model(path)
    sample = rendered_pictures(most=1)[0] if settings.picture is None else picture_from_file(settings.picture)
    try:
        with runner_from_onnx(contract, model) as runner:
            say("recording the self-test")
            self_test, contents = self_test_vector(task_from_runner(contract, runner), sample)
    except BundleFormatError as error:
        raise UsageError(f"{contract_file} does not describe {path}: {error}") from error
    contents[MODEL_FILE] = model
    manifest = Manifest(
        **dict(contract),
        description=settings.description,
        models={"fp32": MODEL_FILE},
        files={name: entry_from_bytes(content) for name, content in contents.items()},
        self_test=self_test,
        provenance=Provenance(
            code_licence=NOT_STATED,
            weights_licence=settings.weights_licence,
            data=(DataSource(name=NOT_STATED, licence=NOT_STATED),),
            tools={"onnx": onnx.__version__},
        ),
    )
    folder = settings.to / contract.name
    say(f"verifying and writing {folder}")
    return write_bundle(folder, manifest, contents, check=lambda draft: draft.verify())


def _contract(file: Path) -> ModelContract:
    try:
        document = yaml.safe_load(file.read_bytes())
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {error.strerror}; give the contract of the model") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{file} is neither YAML nor JSON: {' '.join(str(error).split())[:200]}") from error
    try:
        return ModelContract.model_validate_json(json.dumps(document))
    except (ValidationError, TypeError) as error:
        told = first_problem(error) if isinstance(error, ValidationError) else str(error)
        raise UsageError(f"{file} is not the contract of a model: {told}") from error


def _model(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_MODEL_BYTES:
            raise ModelError(f"{path} has {size >> 20} MiB and a bundle takes {MAX_MODEL_BYTES >> 20}")
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; give an ONNX file") from error
    refuse_external_data(content, origin=str(path))
    graph = graph_from_bytes(content)
    foreign = next((node for node in graph.graph.node if node.domain not in STANDARD_DOMAINS), None)
    if foreign is not None:
        raise ModelError(
            f"{path} uses {foreign.op_type!r} of {foreign.domain!r} in node {foreign.name!r}; only ONNX's own operators"
            " run everywhere, export it without"
        )
    try:
        return checked_bytes(graph)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(f"{path} is not valid ONNX: {' '.join(str(error).split())[:200]}") from error
