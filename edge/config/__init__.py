# SPDX-License-Identifier: Apache-2.0
"""What runs, on what, and where results go: one file, one model."""

from edge.config.change import Change, change
from edge.config.config import Config
from edge.config.reading import config_from_mapping, read_config
from edge.config.writing import schema_from_config, yaml_from_config

__all__ = [
    "Change",
    "Config",
    "change",
    "config_from_mapping",
    "read_config",
    "schema_from_config",
    "yaml_from_config",
]
