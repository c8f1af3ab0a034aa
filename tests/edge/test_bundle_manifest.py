# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge.bundle.manifest import Manifest, json_from_manifest, manifest_from_json, manifest_json_schema
from tests.edge.bundles import classifier_contract, classifier_model, detector_contract, detector_model, small_bundle

PUBLISHED = "edge/schemas/bundle-1.schema.json"


@pytest.fixture(params=["detector", "classifier"])
def manifest(request: pytest.FixtureRequest) -> Manifest:
    if request.param == "detector":
        return small_bundle(detector_contract(), detector_model())[0]
    return small_bundle(classifier_contract(), classifier_model())[0]


def test_a_manifest_survives_writing_and_reading(manifest: Manifest) -> None:
    raw = json_from_manifest(manifest)
    again = manifest_from_json(raw, origin="test")
    assert again == manifest
    assert json_from_manifest(again) == raw
    assert raw.startswith(b'{\n "schema": "edge.bundle/1"')


def test_a_written_manifest_fits_the_published_schema(manifest: Manifest, repo_root: Path) -> None:
    schema = json.loads((repo_root / PUBLISHED).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json_from_manifest(manifest)), schema, jsonschema.Draft202012Validator)


def fields_of(schema: dict[str, Any]) -> dict[str, tuple[set[str], set[str]]]:
    """Return properties and required ones by type; the rest of a schema varies with the version of pydantic."""
    types = {**schema["$defs"], "the manifest": schema}
    return {name: (set(one.get("properties", {})), set(one.get("required", []))) for name, one in types.items()}


def test_the_published_schema_has_the_fields_of_the_code(repo_root: Path) -> None:
    published = json.loads((repo_root / PUBLISHED).read_text(encoding="utf-8"))
    assert fields_of(published) == fields_of(manifest_json_schema()), f"write manifest_json_schema() to {PUBLISHED}"


def test_the_published_schema_refuses_unknown_fields(manifest: Manifest, repo_root: Path) -> None:
    schema = json.loads((repo_root / PUBLISHED).read_text(encoding="utf-8"))
    document = json.loads(json_from_manifest(manifest)) | {"surprise": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema, jsonschema.Draft202012Validator)


def test_untrained_names_must_be_labels() -> None:
    heads = ({"output": "gesture", "role": "gesture", "labels": ("fist",), "untrained": ("palm",)},)
    with pytest.raises(ValueError, match="untrained names palm"):
        classifier_contract(decoder={"type": "softmax-heads", "heads": heads})
