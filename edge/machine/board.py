# SPDX-License-Identifier: Apache-2.0
"""`Board`: a Jetson as its device tree, its release file and its power model tell it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from edge.machine.l4t import find_l4t, jetpack_from_l4t

_POWER_MODEL = re.compile(r"^<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+)\s*>", re.MULTILINE)
_POWER_MODE = re.compile(r"pmode:(\d+)")
_SOC = re.compile(r"nvidia,(tegra\d+)$")
# Compute capability without the dot, by the name of the chip in its device tree.
_SMS = {"tegra194": 72, "tegra234": 87, "tegra264": 110}


@dataclass(frozen=True, slots=True)
class Board:
    """A Jetson: its model, chip and compute capability, release of Jetson Linux, JetPack, and modes of power by id."""

    model: str
    soc: str | None
    sm: int | None
    l4t: str | None
    jetpack: str | None
    power_mode: int | None
    power_modes: dict[int, str]


def find_board(root: Path = Path("/")) -> Board | None:
    """Return the Jetson that `root` is the file system of, None where it is none."""
    compatible = _strings(root / "proc/device-tree/compatible")
    soc = next((found[1] for text in compatible if (found := _SOC.search(text))), None)
    l4t = find_l4t(root)
    if soc is None and l4t is None:
        return None
    mode = _POWER_MODE.search(_text(root / "var/lib/nvpmodel/status"))
    return Board(
        model=next(iter(_strings(root / "proc/device-tree/model")), "a Jetson"),
        soc=soc,
        sm=_SMS.get(soc or ""),
        l4t=l4t,
        jetpack=None if l4t is None else jetpack_from_l4t(l4t),
        power_mode=int(mode[1]) if mode else None,
        power_modes={int(number): name for number, name in _POWER_MODEL.findall(_text(root / "etc/nvpmodel.conf"))},
    )


def _strings(path: Path) -> list[str]:
    """Return the strings of a property of the device tree, each ended by a zero byte."""
    return [text for text in _text(path).split("\0") if text]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
