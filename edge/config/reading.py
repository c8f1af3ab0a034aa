# SPDX-License-Identifier: Apache-2.0
"""From a file to a `Config`, and from what is wrong in it to one sentence that says where."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.config.config import Config
from edge.config.problem import told_problem
from edge.config.yaml_tree import YamlError, YamlTree
from edge.errors import ConfigError

MAX_BYTES = 10**6


def read_config(path: str | Path) -> Config:
    """Read a configuration file: YAML without aliases, of at most 1 MB.

    Raises `ConfigError`, which names the file, the line and the key.
    """
    path = Path(path)
    try:
        tree = YamlTree.from_text(_text_of(path))
        return _config_from(tree.value)
    except YamlError as error:
        raise ConfigError(f"configuration {path}, line {error.line}: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"configuration {path}{told_problem(error, Config, tree.line_of)}") from error


def config_from_mapping(values: Mapping[str, Any], *, origin: str) -> Config:
    """Check a configuration that was parsed already; `origin` names it in errors. Raises `ConfigError`."""
    try:
        return _config_from(dict(values))
    except ValidationError as error:
        raise ConfigError(f"{origin}{told_problem(error, Config, lambda _: None)}") from error


def _config_from(values: Any) -> Config:  # noqa: ANN401 - whatever stands in the file
    # As JSON, for a strict model takes lists and names of files from there and nowhere else.
    return Config.model_validate_json(json.dumps({} if values is None else values))


def _text_of(path: Path) -> str:
    try:
        # A FIFO would wait for its writer.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ConfigError(f"configuration {path} does not exist; name a YAML file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"configuration {path} cannot be read: {reason}; name a YAML file") from error
    if len(content) > MAX_BYTES:
        raise ConfigError(f"configuration {path} is larger than {MAX_BYTES // 10**6} MB; remove what is not settings")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"configuration {path}, line {line}: not UTF-8; save it as UTF-8") from error
