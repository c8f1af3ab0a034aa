# SPDX-License-Identifier: Apache-2.0
"""`Sidecar`: the file beside a plan that says what it is, whose hash is checked before TensorRT sees the plan."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError

from edge.engines.key import EngineKey
from edge.errors import EngineError
from edge.strict_model import StrictModel, first_problem

MAX_SIDECAR_BYTES = 2**20
MAX_PLAN_BYTES = 2**31


class BuildNotes(StrictModel):
    """What building an engine took: seconds, the workspace allowed, and layers that a DLA left to the GPU."""

    seconds: float = Field(ge=0)
    workspace_mb: int = Field(ge=0)
    gpu_layers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class Sidecar(StrictModel):
    """Names the plan of one engine; `built` is UTC in ISO 8601, `tested` whether the bundle's self-test has passed."""

    schema_name: Literal["edge.engine/1"] = Field(default="edge.engine/1", alias="schema")
    bundle: str
    bundle_version: str
    key: EngineKey
    plan: str = Field(pattern=r"^[a-z0-9][A-Za-z0-9._-]*\.plan$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1, le=MAX_PLAN_BYTES)
    built: str
    tested: bool
    notes: BuildNotes


def sidecar_from_json(raw: bytes, *, origin: str) -> Sidecar:
    """Read a sidecar; `origin` names it in errors. Raises `EngineError`."""
    try:
        return Sidecar.model_validate_json(raw)
    except ValidationError as error:
        raise EngineError(f"{origin} is not the sidecar of an engine: {first_problem(error)}") from error


def json_from_sidecar(sidecar: Sidecar) -> bytes:
    """Return a sidecar as a file."""
    return (sidecar.model_dump_json(by_alias=True, indent=1) + "\n").encode()
