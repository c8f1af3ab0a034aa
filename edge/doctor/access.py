# SPDX-License-Identifier: Apache-2.0
"""Cameras and GPU nodes, and whether this user may open them."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.doctor.finding import Finding, Status
from edge.sources.v4l2 import cameras

# Nodes that programs on a GPU or with a camera open, and the group that may.
_NODES = {"video": ("dev/video[0-9]*", "dev/nvmap", "dev/nvhost-*"), "render": ("dev/dri/renderD*",)}


@dataclass(frozen=True, slots=True)
class User:
    """Who asks: `is_root` may open anything."""

    name: str
    is_root: bool


def current_user() -> User:
    """Return who runs this process."""
    number = os.geteuid()
    try:
        return User(pwd.getpwuid(number).pw_name, number == 0)
    except KeyError:
        return User(str(number), number == 0)


def examine_access(root: Path, user: User, *, device: str, camera: Path | None) -> Iterator[Finding]:
    """Yield the cameras of `root` and the groups that `user` needs there.

    A closed node is a problem when it is `camera`, or one of the GPU and `device` is "gpu".
    """
    watched = cameras(nodes=root / "dev")
    yield Finding("cameras", "nodes", ", ".join(f"/dev/{node.name}" for node in watched) or "none")
    members = _members(root)
    for group, patterns in _NODES.items():
        there = sorted(node for pattern in patterns for node in root.glob(pattern))
        if not there:
            continue
        is_member = user.is_root or user.name in members.get(group, ())
        closed = [node for node in there if not _may_open(node, root, is_member=is_member)]
        if not closed:
            yield Finding("access", f"group {group}", f"{user.name} may open {len(there)} of its devices")
        else:
            places = [Path("/") / node.relative_to(root) for node in closed]
            needed = camera in places or (device == "gpu" and not set(closed) <= set(watched))
            status: Status = "problem" if needed else "note"
            yield Finding(
                "access",
                f"group {group}",
                f"{user.name} may not open {', '.join(map(str, places))}",
                status,
                f"sudo usermod -aG {group} {user.name}, then log in again",
            )


def _may_open(node: Path, root: Path, *, is_member: bool) -> bool:
    """Return whether this process may open a node; of a recorded one only the groups tell."""
    return os.access(node, os.R_OK | os.W_OK) if root == Path("/") else is_member


def _members(root: Path) -> dict[str, list[str]]:
    try:
        lines = (root / "etc/group").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    fields = (line.split(":") for line in lines)
    return {parts[0]: parts[3].split(",") for parts in fields if len(parts) == 4}
