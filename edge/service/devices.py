# SPDX-License-Identifier: Apache-2.0
"""Which device nodes the service may open, from those that this machine has.

A Jetson's list cannot be written beforehand: its nodes have majors that change at every boot, and other names on
another release.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# A class of /proc/devices where there is one, so that a camera may be plugged in later.
_CLASSES = {
    "char-video4linux": ("video[0-9]*",),
    "char-nvidia*": ("nvidia[0-9]*", "nvidiactl", "nvidia-*"),
}
_CAMERAS = "char-video4linux"
# Each by its path: misc devices and dynamic majors have no class that would tell them apart.
_NODES = (
    "nvmap",
    "nvhost-*",
    "nvgpu/**/*",
    "nvsciipc",
    "host1x-fence",
    "v4l2-nvdec",
    "v4l2-nvenc",
    "dri/renderD[0-9]*",
)
_SENSORS_ON_CSI = "capture-vi-channel[0-9]*"
_GROUPS = ("video", "render")


@dataclass(frozen=True, slots=True)
class Devices:
    """What the unit allows.

    Attributes:
        allowed: classes and nodes, as `DeviceAllow=` names them.
        groups: those of the groups that own such nodes that exist.
        has_csi: whether cameras on CSI connectors may be there, whose daemon has its socket in /tmp.
    """

    allowed: tuple[str, ...]
    groups: tuple[str, ...]
    has_csi: bool


def find_devices(root: Path = Path("/")) -> Devices:
    """Return what `root`, this machine or a recorded file tree, has; the class of cameras is always among it."""
    classes = [name for name, patterns in _CLASSES.items() if name == _CAMERAS or any(_nodes(root, patterns))]
    nodes = sorted({f"/{node.relative_to(root)}" for node in _nodes(root, _NODES)})
    return Devices((*classes, *nodes), _groups(root), any(_nodes(root, (_SENSORS_ON_CSI,))))


def _nodes(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    is_this_machine = root == Path("/")
    for pattern in patterns:
        for path in (root / "dev").glob(pattern):
            if path.is_char_device() if is_this_machine else not path.is_dir():
                yield path


def _groups(root: Path) -> tuple[str, ...]:
    names = {line.partition(":")[0] for line in lines_of(root / "etc/group")}
    return tuple(name for name in _GROUPS if name in names)


def lines_of(path: Path) -> list[str]:
    """Return the lines of a system file, none where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
