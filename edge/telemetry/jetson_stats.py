# SPDX-License-Identifier: Apache-2.0
"""What the service of jetson-stats (https://github.com/rbonghi/jetson_stats, AGPL-3.0) tells, where a user has it.

The package is imported only when the socket of its service is there; all it tells but GPU memory has another source.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.telemetry.readings import Found

_SOCKET = Path("run/jtop.sock")
_OFFLINE_C = -256
_KB_A_MB = 1024


class JetsonStats:
    """A client of the service; it answers from the latest reading of the service, twice a second."""

    name = "jetson-stats"

    def __init__(self, root: Path) -> None:
        self._client: Any = None
        self._why_not = f"the service of jetson-stats does not run, /{_SOCKET} is not there"
        if not (root / _SOCKET).exists():
            return
        try:
            from jtop import JtopException, jtop
        except ImportError:
            self._why_not = "jetson-stats is not installed here; run: pip install 'edge-hands[jetson]'"
            return
        client = jtop(interval=0.5)
        try:
            client.start()
        except JtopException as error:
            self._why_not = f"jetson-stats: {error}"
        else:
            self._client = client

    def read(self) -> Found:
        """Return what the service told last."""
        if self._client is None or not self._client.ok():
            return Found(unknown={"power_w": self._why_not})
        client = self._client
        return found_from_jtop(client.power, client.temperature, client.nvpmodel, client.memory)

    def close(self) -> None:
        """End the client's thread."""
        if self._client is not None:
            self._client.close()
            self._client = None


def found_from_jtop(
    power: Mapping[str, Any], temperature: Mapping[str, Any], nvpmodel: object, memory: Mapping[str, Any]
) -> Found:
    """Return the figures in the dictionaries of a `jtop` client: mW, degrees, kB."""
    rails_w = {name: rail["power"] / 1e3 for name, rail in power.get("rail", {}).items() if "power" in rail}
    total = power.get("tot", {}).get("power")
    shared_kb = memory.get("RAM", {}).get("shared")
    return Found(
        rails_w=rails_w,
        total_w=None if total is None else total / 1e3,
        temperatures_c={
            name: float(zone["temp"]) for name, zone in temperature.items() if zone.get("temp", _OFFLINE_C) > _OFFLINE_C
        },
        power_mode=None if nvpmodel is None else str(nvpmodel),
        gpu_memory_mb=None if shared_kb is None else shared_kb / _KB_A_MB,
    )
