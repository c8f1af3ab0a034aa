# SPDX-License-Identifier: Apache-2.0
"""Installed packages: which extras are there, and the licence of everything that a device runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageMetadata, PackageNotFoundError, distribution

from edge.doctor.finding import Finding

_PROJECT = "edge-hands"
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)")
_EXTRA = re.compile(r"""extra\s*==\s*["']([a-z0-9-]+)["']""")
# These belong to a workstation, whose packages are no part of what a device runs.
_WORKSTATION = frozenset({"workstation", "dev"})
_COPYLEFT = re.compile(r"\bA?GPL|Affero|SSPL|(?<!Lesser )General Public", re.IGNORECASE)
_LONGEST = 60


def examine_libraries() -> Iterator[Finding]:
    """Yield the extras of this package and the licences of its dependencies."""
    try:
        required = distribution(_PROJECT).requires or []
    except PackageNotFoundError:
        yield Finding("libraries", _PROJECT, "not installed as a package", "note", "pip install . in its checkout")
        return
    groups: dict[str, list[str]] = {}
    for line in required:
        found, marked = _REQUIREMENT.match(line), _EXTRA.search(line)
        if found:
            groups.setdefault(marked[1] if marked else "", []).append(found[1])
    for extra, names in groups.items():
        if extra:
            missing = [name for name in names if _installed(name) is None]
            told = "installed" if not missing else f"not installed: {', '.join(missing)}"
            yield Finding("libraries", f"extra {extra}", told)
    yield from _licences(groups)


def licence_of(metadata: PackageMetadata) -> str:
    """Return the licence that a package states, in the first of the three places where it may."""
    for field in ("License-Expression", "License"):
        stated = (metadata.get_all(field) or [""])[0].strip().partition("\n")[0]
        if stated and stated != "UNKNOWN":
            return stated if len(stated) <= _LONGEST else f"{stated[:_LONGEST]}..."
    classifiers: list[str] = metadata.get_all("Classifier") or []
    named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
    return " or ".join(named) or "not stated"


def _licences(groups: Mapping[str, list[str]]) -> Iterator[Finding]:
    names = sorted({name for extra, some in groups.items() if extra not in _WORKSTATION for name in some})
    for name in names:
        found = _installed(name)
        if found is None:
            continue
        licence = licence_of(found.metadata)
        if _COPYLEFT.search(licence) and "LGPL" not in licence:
            remedy = "make sure that its terms suit you before you ship a product with it"
            yield Finding("licences", f"package {name}", licence, "note", remedy)
        else:
            yield Finding("licences", f"package {name}", licence)


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None
