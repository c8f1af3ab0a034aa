# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import get_args

import cv2
import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from edge.bundle.bundle import Bundle
from edge.bundle.zoo import find_bundle
from edge.cli.outcome import EXIT_CODES
from edge.config import Config, config_from_mapping
from edge.config.sink_settings import SinkSettings, TlsSettings
from edge.config.source_settings import SourceSettings
from edge.decoders import LabelDecoder
from edge.scene import Scene
from tests.edge.sinks.test_metrics import NAMES
from training.recipe import (
    ClassifierDataRecipe,
    ClassifierRecipe,
    DataRecipe,
    DecodingRecipe,
    DetectorRecipe,
    ScheduleRecipe,
    SetRecipe,
)
from training.recipe_from_file import recipe_from_mapping

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCRIPTS = Path(sysconfig.get_path("scripts"))
# A block marked so needs a camera, a display, hours or a data set: its programs, subcommands and options are checked.
CHECK_ONLY = "check-only"
# What follows this option of torchrun is the program that it starts.
LAUNCHER = "--no-python"
SUBCOMMAND = re.compile(r"[a-z]+(-[a-z]+)*")
CLIP_SECONDS, CLIP_FPS, CLIP_WH = 1, 10, (640, 360)


@dataclass(frozen=True)
class Block:
    """A fenced block of a document, `line` its first."""

    document: Path
    line: int
    language: str
    mark: str
    code: str

    def __str__(self) -> str:
        return f"{self.document.name}:{self.line}"

    @property
    def commands(self) -> list[list[str]]:
        """Return the words of each command of a shell block."""
        lines = self.code.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of all documents in these languages, or every block."""
    found = []
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(document, line, match[1], match[2].strip(), match[3]))
    return [block for block in found if not languages or block.language in languages]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as a reader may have it: a clip, a picture and a folder of pictures."""
    folder = tmp_path_factory.mktemp("desk")
    scene = Scene(*CLIP_WH, seed=3)
    video = cv2.VideoWriter(str(folder / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), CLIP_FPS, CLIP_WH)
    for number in range(CLIP_SECONDS * CLIP_FPS):
        video.write(scene.render(number / CLIP_FPS).bgr)
    video.release()
    (folder / "photos").mkdir()
    for name in ("hand.jpg", "photos/a.jpg", "photos/b.jpg"):
        cv2.imwrite(str(folder / name), scene.render(0.5).bgr)
    return folder


def run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of this environment without a terminal."""
    path = os.pathsep.join([str(SCRIPTS), os.environ["PATH"]])
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False, timeout=300
    )


def check_options(words: list[str], folder: Path) -> None:
    """Check against its help that a program knows the subcommand and the options a document shows."""
    if LAUNCHER in words:
        split = words.index(LAUNCHER)
        check_options(words[:split], folder)
        words = words[split + 1 :]
    words = words[1:] if words[0] == "sudo" else words
    count = 3 if words[:2] == ["python", "-m"] else 1
    program, arguments = words[:count], words[count:]
    while arguments and SUBCOMMAND.fullmatch(arguments[0]) and "COMMAND" in run([*program, "--help"], folder).stdout:
        program, arguments = [*program, arguments[0]], arguments[1:]
    shown = run([*program, "--help"], folder)
    assert shown.returncode == 0, shown.stderr
    for option in (word.partition("=")[0] for word in arguments if word.startswith("--")):
        assert re.search(rf"{re.escape(option)}\b", shown.stdout), f"{shlex.join(program)} has no option {option}"


def check_install(words: list[str]) -> None:
    """Check that `pip install` names this project and extras that it has."""
    matched = re.fullmatch(r"\.(?:\[([a-z,]+)\])?", words[-1])
    assert matched, f"pip install {words[-1]} is not an install of this project"
    assert all((ROOT / file).is_file() for option, file in pairwise(words) if option == "-c")
    metadata = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(re.search(rf"^{extra} = \[", metadata, re.MULTILINE) for extra in (matched[1] or "").split(",") if extra)


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert len(blocks()) > 5
    unknown = [str(block) for block in blocks() if block.language not in {"python", "sh", "json", "text", "yaml"}]
    assert not unknown
    assert {block.mark for block in blocks()} <= {"", CHECK_ONLY}


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_block_runs(block: Block, desk: Path) -> None:
    done = run([sys.executable, "-W", "error", "-c", block.code], desk)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_shell_block_runs(block: Block, desk: Path) -> None:
    for words in block.commands:
        if words[0] == "make":
            done = run(["make", "--dry-run", *words[1:]], ROOT)
        elif words[:2] == ["pip", "install"]:
            check_install(words)
            continue
        elif block.mark == CHECK_ONLY:
            check_options(words, desk)
            continue
        else:
            done = run(list(words), desk)
        assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_block_is_valid(block: Block) -> None:
    document = json.loads(block.code)
    if isinstance(document, dict) and document.get("schema") == "edge.frame/1":
        schema = json.loads((ROOT / "edge" / "schemas" / "frame-1.schema.json").read_text(encoding="utf-8"))
        jsonschema.validate(document, schema)


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_block_is_a_recipe_or_a_configuration(block: Block) -> None:
    values = yaml.safe_load(block.code)
    if "task" in values:
        assert recipe_from_mapping(values, origin=str(block)).name
    else:
        assert config_from_mapping(values, origin=str(block)).sources


@pytest.mark.parametrize("part", [Config, SourceSettings, *get_args(get_args(SinkSettings)[0]), TlsSettings])
def test_the_documents_of_the_configuration_name_every_key(part: type[BaseModel]) -> None:
    named = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("configuration.md", "sinks.md"))
    assert [key for key in part.model_fields if not re.search(rf"`{key}\b", named)] == []


def test_the_document_of_sinks_names_every_metric() -> None:
    named = (ROOT / "docs" / "sinks.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{re.sub('_(bucket|count|sum)$', '', name)}`" not in named] == []


@pytest.mark.parametrize(
    "part",
    [DetectorRecipe, ClassifierRecipe, ClassifierDataRecipe, DataRecipe, SetRecipe, ScheduleRecipe, DecodingRecipe],
)
def test_the_document_of_training_names_every_key_of_a_recipe(part: type[BaseModel]) -> None:
    named = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert [key for key in part.model_fields if f"`{key}`" not in named] == []


def test_the_readme_shows_the_stages_that_a_run_times(desk: Path) -> None:
    (shown,) = [json.loads(block.code) for block in blocks("json") if block.document.name == "README.md"]
    done = run(["edge-run", "test:hands?seconds=0.2", "--jsonl", "-"], desk)
    stages = {tuple(json.loads(line)["latency_ms"]) for line in done.stdout.splitlines() if json.loads(line)["hands"]}
    # Where the detector rests, its stages are not there.
    assert max(stages, key=len) == tuple(shown["latency_ms"])


def test_the_document_of_edge_run_names_every_field_of_the_summary(desk: Path) -> None:
    named = (ROOT / "docs" / "edge-run.md").read_text(encoding="utf-8")
    summary = json.loads(run(["edge-run", "test:hands?seconds=0.1", "--json"], desk).stdout)
    assert [field for field in summary if f"`{field}`" not in named] == []


def test_the_document_of_edge_run_names_every_exit_code() -> None:
    named = (ROOT / "docs" / "edge-run.md").read_text(encoding="utf-8")
    codes = re.findall(r"^ +(\d+)  ", EXIT_CODES, re.MULTILINE)
    assert codes
    assert re.findall(r"^\| (\d+) \|", named, re.MULTILINE) == codes


def test_the_readme_names_the_gestures_without_labelled_pictures() -> None:
    (told,) = re.findall(
        r"^No labelled picture showed the classifier (.*?): ", DOCUMENTS[0].read_text("utf-8"), re.MULTILINE
    )
    decoder = Bundle.open(find_bundle("gesture-classifier")).manifest.decoder
    assert isinstance(decoder, LabelDecoder)
    (untrained,) = [head.untrained for head in decoder.heads if head.role == "gesture"]
    assert set(re.findall(r"`(\w+)`", told)) == set(untrained)


def test_every_link_and_picture_exists() -> None:
    links = [
        (document, target)
        for document in DOCUMENTS
        for target in re.findall(r"\]\((?!https?://)([^)#\s]+)", document.read_text(encoding="utf-8"))
    ]
    assert links
    assert [(document.name, target) for document, target in links if not (document.parent / target).exists()] == []
