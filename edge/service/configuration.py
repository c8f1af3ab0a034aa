# SPDX-License-Identifier: Apache-2.0
"""From a configuration to a `ServiceJob`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from edge.config import Config, read_config
from edge.errors import UsageError
from edge.service.job import ServiceJob
from edge.service.settings import ServiceSettings
from edge.sinks.sink import Sink

DEFAULT_CONFIGURATION = """\
# What the edge-hands service looks at and where results go; `sudo systemctl reload edge-hands` takes changes over.
sources:
  - uri: v4l2:/dev/video0
sinks:
  - type: jsonl
    path: /var/lib/edge-hands/hands.jsonl
"""
