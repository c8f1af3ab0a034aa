# SPDX-License-Identifier: Apache-2.0
"""Cameras and GPU nodes, and whether this user may open them."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.doctor.finding import Finding
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


def examine_access(root: Path, user: User) -> Iterator[Finding]:
    """Yield the cameras of `root` and the groups that `user` needs there."""
    nodes = cameras(nodes=root / "dev")
    yield Finding("cameras", "nodes", ", ".join(f"/dev/{node.name}" for node in nodes) or "none")
    members = _members(root)
    for group, patterns in _NODES.items():
        there = sorted(node for pattern in patterns for node in root.glob(pattern))
        if not there:
            continue
        if user.is_root or user.name in members.get(group, ()) or _may_open(there, root):
            yield Finding("access", f"group {group}", f"{user.name} may open {len(there)} of its devices")
        else:
            closed = ", ".join(f"/{node.relative_to(root)}" for node in there)
            yield Finding(
                "access",
                f"group {group}",
                f"{user.name} is not in it and may not open {closed}",
                "problem",
                f"sudo usermod -aG {group} {user.name}, then log in again",
            )


def _may_open(nodes: list[Path], root: Path) -> bool:
    """Return whether this process may open the nodes; of recorded ones that says nothing."""
    return root == Path("/") and all(os.access(node, os.R_OK | os.W_OK) for node in nodes)


def _members(root: Path) -> dict[str, list[str]]:
    try:
        lines = (root / "etc/group").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    fields = (line.split(":") for line in lines)
    return {parts[0]: parts[3].split(",") for parts in fields if len(parts) == 4}
