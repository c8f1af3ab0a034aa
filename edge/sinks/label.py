# SPDX-License-Identifier: Apache-2.0
"""Names of sources where others read them: no address of a camera, no character that a topic cannot have."""

from __future__ import annotations

import re

from edge.config.source_settings import NAME_PATTERN

UNNAMED = "source"


def label_of(source: str) -> str:
    """Return the name of a source, if its user gave it one, else `source`."""
    return source if re.match(NAME_PATTERN, source) else UNNAMED
