# SPDX-License-Identifier: Apache-2.0
"""The kernels' image for a device: the one that was built with the package, or one that is compiled once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from edge import _native
from edge.gpu.kernel_cache import compiled_image


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image for several architectures, numbers such as 87; `ptx` is one that newer devices compile when loading."""

    path: Path
    cuda: tuple[int, int]
    machine_code: tuple[int, ...]
    ptx: int

    def runs_on(self, capability: tuple[int, int], driver_version: int) -> bool:
        """Whether a device of this capability has code here that its driver (13000 for CUDA 13.0) understands."""
        architecture = capability[0] * 10 + capability[1]
        own = any(built // 10 == capability[0] and built <= architecture for built in self.machine_code)
        if own:
            return self.cuda[0] * 1000 <= driver_version
        return self.ptx <= architecture and self.cuda[0] * 1000 + self.cuda[1] * 10 <= driver_version


def built_image() -> BuiltImage | None:
    """Return the image that was built with the package; None where nvcc was missing then."""
    folder = Path(_native.__file__).parent / "gpu"
    try:
        told = json.loads((folder / "kernels.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    major, minor = map(int, told["cuda"].split("."))
    return BuiltImage(folder / "kernels.fatbin", (major, minor), tuple(told["machine_code"]), told["ptx"])


def kernel_image(*, capability: tuple[int, int], driver_version: int) -> bytes:
    """Return the image that `cuModuleLoadData` takes on a device of this capability, such as (8, 7).

    `driver_version` is that of `cuDriverGetVersion`. Where the package's own image does not fit, nvcc compiles one,
    which is kept for the next time.

    Raises:
        DependencyError: there is no image that fits, and no nvcc that could make one.
        OutputError: the image that was compiled cannot be kept.
    """
    image = built_image()
    if image is not None and image.runs_on(capability, driver_version):
        return image.path.read_bytes()
    return compiled_image(capability)
