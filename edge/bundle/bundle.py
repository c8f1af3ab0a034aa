# SPDX-License-Identifier: Apache-2.0
"""`Bundle`: a model as it travels from a workstation to a device."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from edge.bundle.files import read_manifest_file, read_verified
from edge.bundle.manifest import MANIFEST_FILE, MAX_MODEL_BYTES, Manifest, manifest_from_json
from edge.bundle.onnx_wire import refuse_external_data
from edge.bundle.precision import Precision
from edge.errors import BundleFormatError

if TYPE_CHECKING:
    from edge.runners.runner import Runner
    from edge.tasks.self_test import SelfTestReport


class Bundle:
    """A folder with `bundle.json` beside ONNX files and a self-test vector.

    `path` is the folder, `manifest` what `bundle.json` says. Files are read only after their hash was checked.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Bundle:
        """Open the bundle in folder `path` and check every file it lists.

        Raises `BundleError` when there is no bundle, `BundleFormatError` for an invalid manifest, `BundleDamagedError`
        for a file that is missing, altered, oversized or outside the folder.
        """
        folder = Path(path)
        raw = read_manifest_file(folder)
        bundle = cls(folder, manifest_from_json(raw, origin=str(folder / MANIFEST_FILE)))
        for name in bundle.manifest.files:
            bundle.read_file(name)
        return bundle

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """Precisions the model is there in."""
        return tuple(self.manifest.models)

    def read_model(self, precision: Precision = "fp32") -> bytes:
        """Return an ONNX file after checking its hash and that it is complete in itself.

        Raises `BundleDamagedError` or `BundleFormatError`; the latter also for a precision the bundle does not hold.
        """
        name = self.model_file(precision)
        model = self.read_file(name)
        refuse_external_data(model, origin=str(self.path / name))
        return model

    def model_file(self, precision: Precision) -> str:
        """Return the name of the ONNX file of `precision`. Raises `BundleFormatError` when the bundle holds none."""
        name = self.manifest.models.get(precision)
        if name is None:
            held = ", ".join(self.precisions)
            raise BundleFormatError(
                f"{self.path} holds {held}, not {precision}; export it with {precision} or choose another"
            )
        return name

    def read_file(self, name: str) -> bytes:
        """Return a listed file after checking place, length and hash.

        Raises `BundleDamagedError`, and `BundleFormatError` for a file that the manifest does not list.
        """
        if name not in self.manifest.files:
            raise BundleFormatError(f"{self.path} lists no file {name!r}; it lists {', '.join(self.manifest.files)}")
        if name in self.manifest.models.values():
            return read_verified(self.path, name, self.manifest.files[name], max_bytes=MAX_MODEL_BYTES)
        return read_verified(self.path, name, self.manifest.files[name])

    def verify(self, *, precision: Precision = "fp32", runner: Runner | None = None) -> SelfTestReport:
        """Run the self-test vector through the real preprocessing, a runner and the decoder.

        `runner` is the one to test, by default ONNX Runtime. Raises `ModelError` when an output or a decoded hand
        differs by more than the bundle allows.
        """
        from edge.tasks.self_test import run_self_test

        return run_self_test(self, precision=precision, runner=runner)

    def __repr__(self) -> str:
        name, version = self.manifest.name, self.manifest.version
        return f"Bundle({name} {version}, {self.manifest.task}, {'/'.join(self.precisions)}, {str(self.path)!r})"
