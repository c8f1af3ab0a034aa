# SPDX-License-Identifier: Apache-2.0
"""Where frames come from: `open_source(uri)` and the contract of a `Source`."""

from edge.sources.live import LiveSource
from edge.sources.open import open_source
from edge.sources.reconnect import Reconnect
from edge.sources.source import SkippedFile, Source
from edge.sources.status import SourceStatus

__all__ = ["LiveSource", "Reconnect", "SkippedFile", "Source", "SourceStatus", "open_source"]
