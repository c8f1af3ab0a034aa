# SPDX-License-Identifier: Apache-2.0
"""Everything the package raises on purpose.

::

    EdgeError                    exit code 1
    ├── UsageError               2  a wrong option value, an unknown name or scheme
    │   └── ConfigError          2  a configuration file that cannot be read, or is wrong
    ├── SourceError              3  missing, unreadable, empty or truncated input
    │   └── CameraError          3  a camera that is absent, busy or stopped
    ├── BundleError              4  anything wrong with a bundle
    │   ├── BundleDamagedError   4  a file is missing, altered, oversized or outside the folder
    │   └── BundleFormatError    4  unknown schema, invalid manifest, shapes that disagree
    ├── ModelError               5  a model could not be run
    │   ├── GpuError             5  a GPU failed at work, or is lost
    │   └── EngineError          5  an engine could not be built, or is not one to trust
    ├── OutputError              6  an output that cannot be opened or written
    ├── DependencyError          7  an optional package or a device that is not there
    └── RegressionError          8  a benchmark that is worse than the one it is held against

A message says what was expected, what was given and how to fix it, in one sentence.
"""

from __future__ import annotations

from typing import ClassVar


class EdgeError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(EdgeError):
    """An option or argument has a value that is not allowed."""

    exit_code: ClassVar[int] = 2


class ConfigError(UsageError):
    """A configuration file cannot be read, or holds what is not allowed."""


class SourceError(EdgeError):
    """A source is missing, unreadable, empty, truncated or not what its name says."""

    exit_code: ClassVar[int] = 3


class CameraError(SourceError):
    """A camera is absent, held by another process, or stopped delivering frames."""


class BundleError(EdgeError):
    """A bundle cannot be used."""

    exit_code: ClassVar[int] = 4


class BundleDamagedError(BundleError):
    """A file of a bundle is missing, altered, oversized or outside its folder."""


class BundleFormatError(BundleError):
    """A manifest has an unknown schema, invalid fields, or shapes that disagree with the model."""


class ModelError(EdgeError):
    """A model could not be loaded or run."""

    exit_code: ClassVar[int] = 5


class GpuError(ModelError):
    """A GPU failed at what it was asked to do; `name` is CUDA's own for the failure, `lost` whether all work is."""

    def __init__(self, message: str, *, name: str, lost: bool = False) -> None:
        super().__init__(message)
        self.name = name
        self.lost = lost


class EngineError(ModelError):
    """An engine could not be built, kept or trusted."""


class OutputError(EdgeError):
    """An output cannot be opened or written."""

    exit_code: ClassVar[int] = 6


class DependencyError(EdgeError):
    """An optional package or a device that was asked for is not there."""

    exit_code: ClassVar[int] = 7


class RegressionError(EdgeError):
    """A benchmark is worse than the one it is held against, by more than is allowed."""

    exit_code: ClassVar[int] = 8
