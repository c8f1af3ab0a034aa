# SPDX-License-Identifier: Apache-2.0
"""Where frames come from: `open_source(uri)` and the contract of a `Source`."""

from edge.sources.open import open_source
from edge.sources.source import SkippedFile, Source

__all__ = ["SkippedFile", "Source", "open_source"]
