# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.config import Config, config_from_mapping, read_config, schema_from_config, yaml_from_config
from edge.errors import ConfigError

EXAMPLE = """\
sources:
  - uri: test:hands?seconds=1
    name: door
min_score: 0.4
sinks:
  - type: jsonl
    path: out.jsonl
    max_mb: 3
  - type: mqtt
    host: localhost
    tls: {ca_file: broker.pem}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "edge.yaml"


def test_example_is_read(file: Path) -> None:
    file.write_text(EXAMPLE, encoding="utf-8")
    config = read_config(file)
    assert [(source.name, source.uri) for source in config.sources] == [("door", "test:hands?seconds=1")]
    assert (config.min_score, config.device, [sink.type for sink in config.sinks]) == (0.4, "auto", ["jsonl", "mqtt"])


def test_empty_file_is_the_default(file: Path) -> None:
    file.touch()
    assert read_config(file) == Config()


@pytest.mark.parametrize(
    ("written", "instead", "line", "told"),
    [
        ("min_score: 0.4", "min_score: 1.4", 4, "min_score: input should be less than or equal to 1, got 1.4"),
        ("min_score: 0.4", "min_scor: 0.4", 4, "unknown key min_scor; did you mean min_score?"),
        ("min_score: 0.4", "device: tpu", 4, "device: input should be 'auto', 'cpu' or 'gpu', got 'tpu'"),
        ("min_score: 0.4", "threads: true", 4, "threads: input should be a valid integer, got True"),
        ("min_score: 0.4", "min_score: .nan", 4, "'.nan' is no text and no number"),
        ("min_score: 0.4", "threads: 2020-01-01", 4, "'2020-01-01' is no text and no number"),
        ("min_score: 0.4", "threads: 0x" + "f" * 5000, 4, "is no text and no number"),
        ("min_score: 0.4", "device: &a cpu\nmask: *a", 5, "aliases (*name) are not allowed"),
        ("min_score: 0.4", "mask: " + "[" * 100_000, 4, "nested deeper than 20 levels"),
        ("min_score: 0.4", "min_score: 0.4\nmin_score: 0.5", 5, "key 'min_score' is there twice; keep one"),
        ("min_score: 0.4", "3: 4", 4, "a key must be a word"),
        ("min_score: 0.4", "mask: !!python/name:os.system x", 4, "could not determine a constructor"),
        ("min_score: 0.4", "mask:\n\t- 3", 5, "found character '\\t' that cannot start any token"),
        ("max_mb: 3", "max_md: 3", 8, "unknown key sinks[0].max_md; did you mean max_mb?"),
        ("ca_file: broker.pem", "cafile: b", 11, "unknown key sinks[1].tls.cafile; did you mean ca_file?"),
        ("type: mqtt", "type: mqt", 9, "sinks[1].type must be one of jsonl, video, window, mqtt, metrics, webhook"),
        ("host: localhost", "port: 99", 9, "sinks[1].host is missing"),
        ("path: out.jsonl", "path: '-'", 6, "sinks[0]: standard output cannot rotate"),
        ("uri: test:hands?seconds=1", "uri: rtsp://a:b@c/d", 2, "uri carries a password"),
        ("name: door", "password_env: DOOR", 2, "a password needs its user; add user:"),
        ("sources:", "sources: 3\nmodels:", 1, "sources: input should be a valid array, got 3"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_key(
    file: Path, written: str, instead: str, line: int, told: str
) -> None:
    assert written in EXAMPLE
    file.write_text(EXAMPLE.replace(written, instead), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_config(file)
    assert str(caught.value).startswith(f"configuration {file}, line {line}: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"sources": [{"uri": "a"}, {"uri": "a"}]}, "two sources are called 'a'"),
        ({"sources": [{"uri": "a.mp4", "user": "me"}]}, "user is for a stream whose uri names none"),
        ({"sources": [{"uri": "rtsp://c/1#x", "user": "me", "password_env": "P"}]}, "uri has a #"),
        (
            {"sources": [{"uri": "rtsp://c/1"}, {"uri": "rtsp://c/2"}], "sinks": [{"type": "metrics"}]},
            "metrics tells sources apart by their names alone; give each source a name:",
        ),
        ({"sinks": [{"type": "webhook", "url": "http://h:99999/"}]}, "url must be"),
        ({"sinks": [{"type": "webhook", "url": "http://[::1/h"}]}, "url must be"),
        ({"sinks": [{"type": "webhook", "url": "https://h/hände"}]}, "url must be"),
        ({"sources": [{"uri": "a", "name": "x"}, {"uri": "b", "name": "x"}]}, "two sources are called 'x'"),
        ({"mask": "rle"}, "mask: rle goes into JSON lines; add a sink of type jsonl"),
        ({"sinks": [{"type": "metrics", "address": "0.0.0.0"}]}, "is open to others; add token_file:"),  # noqa: S104
        ({"sinks": [{"type": "mqtt", "host": "b", "tls": {"key_file": "k"}}]}, "cert_file and key_file go together"),
    ],
)
def test_values_that_do_not_go_together_are_told(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        config_from_mapping(values, origin="test")


def test_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (10**6 + 1))
    odd = tmp_path / "odd.yaml"
    odd.write_bytes(b"device: cpu\nmask: \xff\n")
    for file, told in ((tmp_path / "no", "does not exist"), (tmp_path, "Is a directory"), (large, "larger than 1 MB")):
        with pytest.raises(ConfigError, match=told):
            read_config(file)
    with pytest.raises(ConfigError, match="line 2: not UTF-8"):
        read_config(odd)


@pytest.mark.parametrize(
    "uris",
    [["rtsp://me:s3cret@camera/1"], ["rtsp://me:s3cret/w@camera/1"], ["rtsp://camera/1?token=s3cret"] * 2],
)
def test_password_in_a_uri_is_never_shown(uris: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        config_from_mapping({"sources": [{"uri": uri} for uri in uris]}, origin="test")
    assert "s3cret" not in str(caught.value)


def test_schema_of_the_package_is_current(repo_root: Path) -> None:
    file = repo_root / "edge" / "schemas" / "config-1.schema.json"
    published = json.loads(file.read_text(encoding="utf-8"))
    assert published == schema_from_config(), "run python -m edge.config.schema edge/schemas/config-1.schema.json"
    jsonschema.Draft202012Validator.check_schema(published)
    jsonschema.validate(yaml.safe_load(EXAMPLE), published)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(EXAMPLE.replace("max_mb", "max_md")), published)


def test_printed_configuration_reads_back_the_same(file: Path) -> None:
    file.write_text(EXAMPLE, encoding="utf-8")
    config = read_config(file)
    file.write_text(yaml_from_config(config), encoding="utf-8")
    assert read_config(file) == config


_NAMES = st.sampled_from([*Config.model_fields, "type", "uri", "jsonl", "mqtt", "path", "host", "x", "1", "ö"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.dictionaries(_NAMES, _VALUES, max_size=4))
def test_any_yaml_is_a_configuration_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, values: Any) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    _reads_or_tells(file)


@settings(max_examples=300)
@given(st.binary(max_size=60), st.integers(0, len(EXAMPLE)), st.integers(0, 30))
def test_damaged_file_is_a_configuration_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: int, length: int
) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.yaml"
    content = EXAMPLE.encode()
    file.write_bytes(content[:start] + noise + content[start + length :])
    _reads_or_tells(file)


def _reads_or_tells(file: Path) -> None:
    try:
        config = read_config(file)
    except ConfigError:
        return
    file.write_text(yaml_from_config(config), encoding="utf-8")
    assert read_config(file) == config
