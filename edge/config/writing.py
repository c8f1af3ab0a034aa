# SPDX-License-Identifier: Apache-2.0
"""A `Config` as text, and what an editor may know about it."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import BaseModel

from edge.config.config import Config
from edge.errors import ConfigError


def yaml_from_config(config: Config) -> str:
    """Return the whole configuration as YAML that reads back the same. Raises `ConfigError` for names not in UTF-8."""
    values = config.model_dump(mode="json")
    try:
        text: str = yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError("a name in the configuration is not UTF-8 and cannot be printed; rename it") from error
    return text


def schema_from_config(model: type[BaseModel] = Config) -> dict[str, Any]:
    """Return the JSON Schema of the configuration file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:edge:config:1",
        **model.model_json_schema(mode="validation"),
        "title": "edge configuration",
    }


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - the reader takes none
        return True
