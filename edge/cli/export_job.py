# SPDX-License-Identifier: Apache-2.0
"""`ExportJob`: what one call of `edge-export` does, from a checkpoint to a bundle, its precisions and its engines."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.cli.export_engines import build_engines, print_engines
from edge.cli.export_table import print_export, print_precisions
from edge.cli.termination import leaving_on_termination
from edge.cli.workstation import missing_workstation_package
from edge.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calibration.precision_report import PrecisionReport
    from edge.engines.sidecar import Sidecar
    from export.report import ExportReport

PROGRAM = "edge-export"
CHECKPOINT_OPTIONS = (
    *("to", "name", "version", "description", "data", "picture", "accuracy", "weights_licence"),
    *("batch", "min_score", "presence_trust"),
)
PRECISION_OPTIONS = ("fp16", "int8", "max_drop", "method", "partner", "pictures", "sensitivity")
# What a checkpoint's options are where nobody gives them; the others are None.
DEFAULTS = {"version": "1.0.0", "description": "", "weights_licence": "not stated"}
# Named for checkpoints, and of use with bundles too.
SHARED = {"to", "data"}
ONNX_OPTIONS = {"description", "picture", "weights_licence"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportJob:
    """One export; `checkpoint`, `precisions` and `building` are the options of its three steps by name.

    `contract` describes an ONNX file; `building` is None where no engine is asked for.
    """

    source: str
    to: Path
    checkpoint: dict[str, Any]
    contract: Path | None
    precisions: dict[str, Any]
    building: dict[str, Any] | None
    as_json: bool

    @classmethod
    def from_options(cls, given: Mapping[str, Any]) -> ExportJob:
        """Return the job that the options of `edge-export` describe, `given` by their names."""
        building = {"folder": given["engines"], "sms": given["sm"] or [], "dla": given["dla"]}
        return cls(
            source=given["source"],
            to=given["to"],
            checkpoint={name: given[name] for name in CHECKPOINT_OPTIONS},
            contract=given["contract"],
            precisions={name: given[name] for name in PRECISION_OPTIONS} | {"data": given["calibrate"]},
            building=building | {"memory_mb": given["memory"]} if given["engine"] else None,
            as_json=given["json"],
        )

    def run(self) -> int:
        """Do what is asked for and tell it. Raises `EdgeError`."""
        try:
            if self._from_checkpoint or self._lowers or self.contract is not None:
                import calibration  # noqa: F401 - without the checkout nothing else is worth saying
                import export  # noqa: F401

            return self._done()
        except ModuleNotFoundError as error:
            raise missing_workstation_package(PROGRAM, error) from error

    def _done(self) -> int:
        self._require_sense()
        with leaving_on_termination():
            # The writers remove their unfinished folders.
            exported = self._exported() if self._from_checkpoint else None
            source = self.source if exported is None else str(exported.bundle)
            if self.contract is not None:
                source = str(self._imported(self.contract))
            lowered = self._lowered(source) if self._lowers else None
        document: dict[str, Any] = {"bundle": source} if exported is None else exported.to_dict()
        document |= {} if lowered is None else lowered.to_dict()
        if not self.as_json and exported is not None:
            print_export(exported)
        if not self.as_json and lowered is not None:
            print_precisions(lowered)
        if not self.as_json and exported is None and lowered is None and self.building is None:
            print(source)
        if self.building is not None and (lowered is None or lowered.bundle is not None):
            document |= self._built(source if lowered is None else str(lowered.bundle))
        if self.as_json:
            print(json.dumps(document, allow_nan=False))
        if lowered is not None and lowered.bundle is None:
            raise ModelError(
                "no precision passed, and none was written; allow more with --max-drop, or stay with float32"
            )
        return 0

    @property
    def _from_checkpoint(self) -> bool:
        return self.source.endswith((".pt", ".pth"))

    @property
    def _lowers(self) -> bool:
        return bool(self.precisions["fp16"] or self.precisions["int8"])

    def _require_sense(self) -> None:
        fitting = set(self.checkpoint) if self._from_checkpoint else SHARED
        if self.source.endswith(".onnx"):
            fitting = SHARED | ONNX_OPTIONS
            if self.contract is None:
                raise UsageError(
                    f"{self.source} does not say what it takes and means; describe that in a file for --contract"
                )
        elif self.contract is not None:
            raise UsageError(f"--contract describes an ONNX file, and {self.source} is none")
        elif not self._from_checkpoint and not self._lowers and self.building is None:
            raise UsageError(
                f"{self.source} is no checkpoint; to write a bundle in other precisions add --fp16 or --int8, to build"
                " its engines --engine"
            )
        given = [name for name, value in self.checkpoint.items() if value != DEFAULTS.get(name) and name not in fitting]
        if given:
            raise UsageError(f"--{given[0].replace('_', '-')} is for checkpoints; {self.source} says that of itself")

    def _imported(self, contract: Path) -> Path:
        from export.bundle_from_onnx import bundle_from_onnx
        from export.settings import ExportSettings

        return bundle_from_onnx(Path(self.source), contract, ExportSettings(**self.checkpoint), say=_say).path

    def _exported(self) -> ExportReport:
        from export.bundle_from_checkpoint import bundle_from_checkpoint
        from export.settings import ExportSettings

        return bundle_from_checkpoint(Path(self.source), ExportSettings(**self.checkpoint), say=_say)

    def _lowered(self, source: str) -> PrecisionReport:
        from calibration.bundle_with_precisions import bundle_with_precisions
        from calibration.ranges import cache_folder
        from calibration.settings import PrecisionSettings
        from edge.bundle.bundle import Bundle
        from edge.bundle.zoo import find_bundle

        settings = PrecisionSettings(to=self.to, cache=cache_folder(), **self.precisions)
        return bundle_with_precisions(Bundle.open(find_bundle(source)), settings, say=_say)

    def _built(self, source: str) -> dict[str, Any]:
        from edge.bundle.bundle import Bundle
        from edge.bundle.zoo import find_bundle
        from edge.engines.settings import EngineSettings

        bundle, building = Bundle.open(find_bundle(source)), dict(self.building or {})
        settings = EngineSettings(dla_core=building.pop("dla"))
        built = build_engines(bundle, building["folder"], building["sms"], settings, memory_mb=building["memory_mb"])
        sidecars: list[Sidecar] = [engine.sidecar for engine in built]
        if not self.as_json:
            print_engines(sidecars)
        rows = [sidecar.model_dump(mode="json", by_alias=True) for sidecar in sidecars]
        return {"bundle": str(bundle.path), "engines": rows}


def _say(step: str) -> None:
    print(step, file=sys.stderr)
