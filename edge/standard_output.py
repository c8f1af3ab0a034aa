# SPDX-License-Identifier: Apache-2.0
"""The names by which a user means standard output."""

from __future__ import annotations

STANDARD_OUTPUT = frozenset({"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})
"""Names of standard output; opened as a file, it would be written from its beginning."""
