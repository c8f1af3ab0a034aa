# SPDX-License-Identifier: Apache-2.0
"""`EngineKey`: everything that binds an engine to its model, its machine and its TensorRT."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from pydantic import Field

from edge.bundle.bundle import Bundle
from edge.bundle.precision import Precision
from edge.engines.flavour import Flavour, FlavourName
from edge.engines.settings import EngineSettings
from edge.engines.shapes import InputShapes, shapes_from_contract
from edge.errors import UsageError
from edge.machine.gpu import Gpu
from edge.machine.l4t import find_l4t
from edge.strict_model import StrictModel

# Raised with every change of the builder that gives other engines from the same inputs.
BUILDER_REVISION = 1
DIGEST_LETTERS = 16


class EngineKey(StrictModel):
    """An engine serves exactly where all of this is the same.

    `sms` are compute capabilities without the dot: that of the machine's GPU, or those asked of TensorRT-RTX; `gpu` is
    None where no GPU took part in the build.
    """

    onnx_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    precision: Precision
    flavour: FlavourName
    version: str
    platform: str
    gpu: str | None
    sms: tuple[int, ...]
    l4t: str | None
    shapes: InputShapes
    settings: EngineSettings
    builder: int = BUILDER_REVISION

    @property
    def digest(self) -> str:
        """A short name of the key: 64 bits of its SHA-256."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:DIGEST_LETTERS]

    def differences(self, stored: EngineKey) -> tuple[str, ...]:
        """Return in what `stored` differs from this key, as `version 10.3.0 instead of 10.16.1`."""
        told = []
        for field in type(self).model_fields:
            wanted, given = getattr(self, field), getattr(stored, field)
            if wanted == given:
                continue
            if field == "onnx_sha256":
                told.append("another model file")
            elif isinstance(wanted, StrictModel):
                told += [
                    f"{name} {_say(getattr(given, name))} instead of {_say(value)}"
                    for name, value in wanted
                    if getattr(given, name) != value
                ]
            else:
                told.append(f"{field} {_say(given)} instead of {_say(wanted)}")
        return tuple(told)


def key_from_bundle(
    bundle: Bundle,
    precision: Precision,
    flavour: Flavour,
    *,
    gpu: Gpu | None,
    sms: tuple[int, ...] = (),
    settings: EngineSettings | None = None,
    root: Path = Path("/"),
) -> EngineKey:
    """Return the key of an engine of `bundle` on a machine with `gpu`, or for `sms` where no GPU is there.

    Raises `UsageError` when there is neither, and `BundleFormatError` when the bundle lacks `precision`.
    """
    chosen = settings or EngineSettings()
    model_file = bundle.model_file(precision)
    if sms and flavour.name != "tensorrt_rtx":
        raise UsageError(
            f"{flavour.title} builds for the GPU of this machine alone; leave --sm out or take tensorrt_rtx"
        )
    if not sms and gpu is None:
        raise UsageError("without a GPU an engine needs the compute capabilities it is for, as --sm 86")
    return EngineKey(
        onnx_sha256=bundle.manifest.files[model_file].sha256,
        precision=precision,
        flavour=flavour.name,
        version=flavour.version,
        platform=f"{platform.system().lower()}-{platform.machine()}",
        gpu=None if sms or gpu is None else gpu.name,
        sms=tuple(sorted(set(sms))) if sms or gpu is None else (gpu.sm,),
        l4t=find_l4t(root),
        shapes=shapes_from_contract(bundle.manifest, chosen),
        settings=chosen,
    )


def _say(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
