# SPDX-License-Identifier: Apache-2.0
"""`Manifest`: the model of `bundle.json`, and its strict reader and reproducible writer."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, model_validator

from edge.bundle.accuracy import AccuracyCard
from edge.bundle.contract import ModelContract
from edge.bundle.precision import Precision
from edge.bundle.provenance import Provenance
from edge.bundle.self_test import SelfTest
from edge.bundle.strict_json import load_json
from edge.errors import BundleFormatError
from edge.strict_model import StrictModel, first_problem

SCHEMA = "edge.bundle/1"
MANIFEST_FILE = "bundle.json"
MAX_MANIFEST_BYTES = 2**20
MAX_MODEL_BYTES = 256 * 2**20
MAX_FILES = 256

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
FILE_NAME = rf"^{_PART}(/{_PART})*$"


def _within_bundle(name: str) -> str:
    if not re.fullmatch(FILE_NAME, name):
        raise ValueError(f"a file of a bundle has a relative path within it, of letters, digits and ._-, got {name!r}")
    return name


FileName = Annotated[
    str, Field(max_length=200, json_schema_extra={"pattern": FILE_NAME}), AfterValidator(_within_bundle)
]


class FileEntry(StrictModel):
    """Hash and length of one file of the bundle."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0, le=MAX_MODEL_BYTES)


class Manifest(ModelContract):
    """Everything a device needs to know about a model; see the fields.

    `models` names the ONNX file of each precision; `files` has hash and length of every file beside `bundle.json`.
    `accuracy` holds a card for each precision that was measured.
    """

    model_config = ConfigDict(title="Model bundle", populate_by_name=True)

    schema_name: Literal["edge.bundle/1"] = Field(default="edge.bundle/1", alias="schema")
    description: str = ""
    models: dict[Precision, FileName] = Field(min_length=1)
    files: dict[FileName, FileEntry] = Field(min_length=1, max_length=MAX_FILES)
    self_test: SelfTest
    accuracy: dict[Precision, AccuracyCard] = Field(default_factory=dict)
    provenance: Provenance

    @model_validator(mode="after")
    def _files_are_listed(self) -> Manifest:
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
    fields = manifest.model_dump(mode="json", by_alias=True)
    document = {"schema": SCHEMA, **fields, "files": dict(sorted(fields["files"].items()))}
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def manifest_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of `bundle.json`."""
    return Manifest.model_json_schema(by_alias=True)
