# SPDX-License-Identifier: Apache-2.0
"""`Manifest`: the model of `bundle.json`, and its strict reader and reproducible writer."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from edge.bundle.accuracy import AccuracyCard
from edge.bundle.precision import Precision
from edge.bundle.provenance import Provenance
from edge.bundle.self_test import SelfTest
from edge.bundle.strict_json import load_json
from edge.bundle.tensors import InputTensor, OutputTensor
from edge.decoders import Decoder
from edge.errors import BundleFormatError
from edge.strict_model import StrictModel, first_problem

SCHEMA = "edge.bundle/1"
MANIFEST_FILE = "bundle.json"
MAX_MANIFEST_BYTES = 2**20
MAX_MODEL_BYTES = 256 * 2**20
MAX_FILES = 256

Task = Literal["detector", "classifier"]
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
FileName = Annotated[str, Field(pattern=rf"^{_PART}(/{_PART})*$", max_length=200)]


class FileEntry(StrictModel):
    """Hash and length of one file of the bundle."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0, le=MAX_MODEL_BYTES)


class Manifest(StrictModel):
    """Everything a device needs to know about a model; see the fields.

    `models` names the ONNX file of each precision; `files` has hash and length of every file beside `bundle.json`.
    `accuracy` holds a card for each precision that was measured.
    """

    model_config = ConfigDict(title="Model bundle", populate_by_name=True)

    schema_name: Literal["edge.bundle/1"] = Field(default="edge.bundle/1", alias="schema")
    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    task: Task
    description: str = ""
    input: InputTensor
    outputs: tuple[OutputTensor, ...] = Field(min_length=1)
    decoder: Decoder
    models: dict[Precision, FileName] = Field(min_length=1)
    files: dict[FileName, FileEntry] = Field(min_length=1, max_length=MAX_FILES)
    self_test: SelfTest
    accuracy: dict[Precision, AccuracyCard] = Field(default_factory=dict)
    provenance: Provenance

    @model_validator(mode="after")
    def _parts_agree(self) -> Manifest:
        names = [output.name for output in self.outputs]
        if len(set(names)) != len(names):
            raise ValueError(f"outputs must have different names, got {', '.join(names)}")
        unknown = sorted(set(self.decoder.output_names) - set(names))
        if unknown:
            raise ValueError(f"decoder reads {', '.join(unknown)}, but the outputs are {', '.join(names)}")
        if self.decoder.serves != self.task:
            raise ValueError(f"task {self.task!r} cannot use decoder {self.decoder.type!r}")
        unlisted = sorted((set(self.models.values()) | self.self_test.files()) - set(self.files))
        if unlisted:
            raise ValueError(f"files must list {', '.join(unlisted)}")
        strangers = sorted((set(self.accuracy) | set(self.self_test.expected)) - set(self.models))
        if strangers:
            raise ValueError(f"accuracy or self_test speak of {', '.join(strangers)}, but models has no such precision")
        return self


def manifest_from_json(raw: bytes, *, origin: str) -> Manifest:
    """Read `bundle.json`; `origin` names it in errors.

    Raises `BundleFormatError` when it is not plain JSON, has another schema, or breaks the schema.
    """
    document = load_json(raw, origin=origin)
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise BundleFormatError(
            f"{origin}: expected schema {SCHEMA!r}, got {schema!r}; update edge or export the bundle again"
        )
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as error:
        raise BundleFormatError(f"{origin}: {first_problem(error)}") from error


def json_from_manifest(manifest: Manifest) -> bytes:
    """Return `bundle.json` as bytes: the same manifest gives the same bytes."""
    document = manifest.model_dump(mode="json", by_alias=True)
    document["files"] = dict(sorted(document["files"].items()))
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def manifest_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `bundle.json`."""
    return Manifest.model_json_schema(by_alias=True)
