# SPDX-License-Identifier: Apache-2.0
"""Write the JSON Schema that the package publishes: `python -m edge.config.schema FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from edge.config.writing import schema_from_config

if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(schema_from_config(), indent=2) + "\n", encoding="utf-8")
