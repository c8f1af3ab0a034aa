# SPDX-License-Identifier: Apache-2.0
"""`Flavour`: TensorRT or TensorRT-RTX, whichever is installed, behind the API they share."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Literal, get_args

from edge.errors import DependencyError

FlavourName = Literal["tensorrt", "tensorrt_rtx"]
FLAVOURS: tuple[FlavourName, ...] = get_args(FlavourName)
_FROM: dict[FlavourName, tuple[int, int]] = {"tensorrt": (10, 3), "tensorrt_rtx": (1, 2)}
_BELOW: dict[FlavourName, tuple[int, int]] = {"tensorrt": (12, 0), "tensorrt_rtx": (2, 0)}
_TITLES: dict[FlavourName, str] = {"tensorrt": "TensorRT", "tensorrt_rtx": "TensorRT-RTX"}
_REMEDY = (
    "on a Jetson it comes with JetPack (apt install python3-libnvinfer, in an environment made with"
    " --system-site-packages), elsewhere: pip install 'edge-hands[gpu]', or pip install tensorrt-rtx"
)


@dataclass(frozen=True, slots=True)
class Flavour:
    """A TensorRT that can be used: its name, its full version and its Python module."""

    name: FlavourName
    version: str
    module: Any

    @property
    def title(self) -> str:
        """Name and version as people say them."""
        return f"{_TITLES[self.name]} {self.version}"


def load_flavour(name: FlavourName | None = None) -> Flavour:
    """Return the flavour `name`, or the first that is installed. Raises `DependencyError` when there is none."""
    found = [_load(candidate) for candidate in (FLAVOURS if name is None else (name,))]
    for flavour in found:
        if isinstance(flavour, Flavour):
            return flavour
    raise DependencyError(f"{'; '.join(map(str, found))}; {_REMEDY}")


def _load(name: FlavourName) -> Flavour | str:
    """Return the flavour, or why it cannot be used."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:
        return f"{_TITLES[name]} is not installed"
    except (ImportError, OSError, RuntimeError) as error:
        return f"{_TITLES[name]} is installed but cannot be loaded ({' '.join(str(error).split())})"
    version = str(module.__version__)
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if not _FROM[name] <= numbers < _BELOW[name]:
        first, last = (".".join(map(str, bound)) for bound in (_FROM[name], _BELOW[name]))
        return f"{_TITLES[name]} {version} is installed, but {first} to below {last} is needed"
    return Flavour(name, version, module)
