# SPDX-License-Identifier: Apache-2.0
"""Power by the INA3221 and INA238 monitors on a Jetson's board, through hwmon.

https://docs.kernel.org/hwmon/ina3221.html: `in*_input` in mV, `curr*_input` in mA, `in*_label` the rail.
"""

from __future__ import annotations

from pathlib import Path

from edge.telemetry.readings import Found
from edge.telemetry.sysfs import hwmons, number_from_file, text_from_file

_MONITORS = ("ina3221", "ina238")
# Rails through which all power of a board comes in; where a board has none, its rails add up.
_INPUTS = ("VDD_IN", "VIN", "POM_5V_IN")
_OVER_CURRENT = "soctherm_oc"


class InaMonitors:
    """The rails of a board, and how often over-current slowed it down."""

    name = "INA monitors"

    def __init__(self, root: Path) -> None:
        self._monitors = [folder for name, folder in hwmons(root) if name in _MONITORS]
        self._over_current = [folder for name, folder in hwmons(root) if name == _OVER_CURRENT]

    def read(self) -> Found:
        """Return power by rail, alarms and counts of over-current."""
        rails_w: dict[str, float] = {}
        for folder in self._monitors:
            rails_w |= _rails_w(folder)
        events = [
            count
            for folder in self._over_current
            for path in folder.glob("oc*_event_cnt")
            if (count := number_from_file(path)) is not None
        ]
        total_w = next((rails_w[name] for name in _INPUTS if name in rails_w), None)
        return Found(
            rails_w=rails_w,
            total_w=sum(rails_w.values()) if total_w is None and rails_w else total_w,
            throttle_events=int(sum(events)) if events else None,
            unknown={} if rails_w else {"power_w": "this machine has no INA monitor"},
        )


def _rails_w(folder: Path) -> dict[str, float]:
    rails_w = {}
    for path in sorted(folder.glob("curr*_input")):
        channel = path.name.removeprefix("curr").removesuffix("_input")
        current_ma = number_from_file(path)
        voltage_mv = number_from_file(folder / f"in{channel}_input")
        power_uw = number_from_file(folder / f"power{channel}_input")
        label = text_from_file(folder / f"in{channel}_label") or text_from_file(folder / "label")
        if power_uw is not None:  # the INA238 multiplies by itself
            rails_w[label or "VIN"] = power_uw / 1e6
        elif current_ma is not None and voltage_mv is not None and label:
            rails_w[label] = current_ma * voltage_mv / 1e6
    return rails_w
