# SPDX-License-Identifier: Apache-2.0
"""Versions of Debian packages, from the list that dpkg keeps."""

from __future__ import annotations

import re
from pathlib import Path

_FIELD = re.compile(r"^(Package|Status|Version): (.*)$", re.MULTILINE)


def debian_packages(root: Path = Path("/")) -> dict[str, str]:
    """Return the version of every installed package by its name, none where there is no dpkg."""
    try:
        text = (root / "var/lib/dpkg/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    paragraphs = (dict(_FIELD.findall(paragraph)) for paragraph in text.split("\n\n"))
    return {
        fields["Package"]: fields["Version"]
        for fields in paragraphs
        if {"Package", "Version"} <= fields.keys() and fields.get("Status", "").endswith(" installed")
    }
