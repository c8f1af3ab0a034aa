# SPDX-License-Identifier: Apache-2.0
"""Keys of engines for machines that are not here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.bundle.bundle import Bundle
from edge.engines.flavour import Flavour
from edge.engines.key import EngineKey, key_from_bundle
from edge.engines.settings import EngineSettings
from edge.machine.gpu import Gpu

ORIN = Gpu(name="Orin", sm=87, memory_bytes=8 * 2**30, integrated=True, cuda="12.6")
TENSORRT = Flavour("tensorrt", "10.3.0", module=None)


def orin_key(bundle: Bundle, **settings: Any) -> EngineKey:
    """Return the key of the bundle's engine on an Orin with JetPack's TensorRT."""
    chosen = EngineSettings(**settings)
    return key_from_bundle(bundle, "fp32", TENSORRT, gpu=ORIN, settings=chosen, root=Path("/nonexistent"))
