# SPDX-License-Identifier: Apache-2.0
"""`Here`: what engines are held against on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.engines.flavour import FLAVOURS, Flavour, FlavourName, load_flavour
from edge.engines.key import BUILDER_REVISION, EngineKey
from edge.errors import DependencyError
from edge.machine.gpu import Gpu, find_gpu
from edge.machine.l4t import find_l4t


@dataclass(frozen=True, slots=True)
class Here:
    """The flavours that are installed, the GPU, and the release of Jetson Linux; None where there is none."""

    flavours: tuple[Flavour, ...]
    gpu: Gpu | None
    l4t: str | None

    def misfit(self, key: EngineKey) -> str | None:
        """Return why an engine of `key` cannot run here, None where it can.

        Without a GPU, one for named compute capabilities is kept for another machine. Which of those that can run is
        used is for the program to say that asks the store.
        """
        versions = {flavour.name: flavour.version for flavour in self.flavours}
        version = versions.get(key.flavour)
        if version is None:
            return f"{key.flavour} is not installed"
        if version != key.version:
            return f"{key.flavour} is {version} now, not {key.version}"
        if key.l4t != self.l4t:
            return f"Jetson Linux is {self.l4t or 'not there'} now, not {key.l4t or 'none'}"
        if key.builder != BUILDER_REVISION:
            return "edge builds engines otherwise now"
        return self._misfit_of_gpu(key)

    def _misfit_of_gpu(self, key: EngineKey) -> str | None:
        there = f"{self.gpu.name} sm {self.gpu.sm}" if self.gpu else "not there"
        if key.gpu is None:
            fits = self.gpu is None or self.gpu.sm in key.sms
            return None if fits else f"the GPU is {there}, not one of sm {' '.join(map(str, key.sms))}"
        built_for = f"{key.gpu} sm {key.sms[0]}"
        return None if there == built_for else f"the GPU is {there} now, not {built_for}"


def find_here(root: Path = Path("/")) -> Here:
    """Return what this machine has."""
    return Here(tuple(flavour for name in FLAVOURS if (flavour := _installed(name))), _gpu(), find_l4t(root))


def _installed(name: FlavourName) -> Flavour | None:
    try:
        return load_flavour(name)
    except DependencyError:
        return None


def _gpu() -> Gpu | None:
    try:
        return find_gpu()
    except DependencyError:
        return None
