# SPDX-License-Identifier: Apache-2.0
"""The options of `edge-run`, checked against each other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.device import DeviceName
from edge.errors import BundleError, UsageError
from edge.sinks.json_lines import STANDARD_OUTPUT
from edge.sources.query import NumberOption

if TYPE_CHECKING:
    from typing_extensions import Self


RUN_LENGTHS = "rle"
MOST_THREADS = 64
"""More frames at the same time than any processor works on; each takes memory."""

_NUMBERS = {
    "max_frames": NumberOption(1, 1e9),
    "threads": NumberOption(1, MOST_THREADS),
    "min_score": NumberOption(0, 1, whole=False),
}


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What to run on and where results go; None stands for the default.

    Attributes:
        sources: what `edge.open_source` takes, one or several.
        models: names or folders; empty for the shipped ones.
        jsonl, video: files to write; `-` as `jsonl` is standard output.
        mask: folder of the masks' pictures, or `rle` for run lengths in the lines of `jsonl`.
    """

    sources: tuple[str, ...]
    models: tuple[str, ...] = ()
    jsonl: Path | None = None
    video: Path | None = None
    mask: str | None = None
    show: bool = False
    max_frames: int | None = None
    device: str = "auto"
    threads: int | None = None
    min_score: float | None = None
    json: bool = False
    fail_fast: bool = False

    @classmethod
    def from_options(
        cls,
        *,
        positionals: Sequence[str],
        camera: str | None,
        models: Sequence[str],
        **others: Any,  # noqa: ANN401 - the other fields, numbers and files as they were written
    ) -> Self:
        """Return the settings of a command line. Raises `UsageError` when options do not go together.

        Where no source is named otherwise, the last of several words behind `--models` is it, unless it names a model.
        """
        if not positionals and camera is None and len(models) > 1 and not _names_model(models[-1]):
            *models, last = models
            positionals = [last]
        for word in models:
            _refuse_closed_folder(word)
        outputs = {f"--{field}": [others[field]] for field in ("jsonl", "video", "mask")}
        _refuse_empty_names({"--models": models, **outputs})
        settings = cls(
            sources=_sources(positionals, camera),
            models=tuple(models),
            **{**others, **_files(others), **_numbers(others), "device": _device(others["device"])},
        )
        if settings.json and settings.lines_on_standard_output:
            raise UsageError("--json and --jsonl - both write to standard output; give --jsonl a file")
        if settings.run_lengths and settings.jsonl is None:
            raise UsageError(f"--mask {RUN_LENGTHS} goes into the lines of --jsonl; give --jsonl a file too")
        _refuse_mixing(settings)
        for source in settings.sources:
            _refuse_overwriting(settings, Path(source))
        return settings

    @property
    def run_lengths(self) -> bool:
        """Whether masks go into the lines of JSON."""
        return self.mask == RUN_LENGTHS

    @property
    def lines_on_standard_output(self) -> bool:
        """Whether results go where the summary would."""
        return str(self.jsonl) in STANDARD_OUTPUT


def _refuse_empty_names(named: dict[str, Sequence[str | None]]) -> None:
    for option, names in named.items():
        if "" in names:
            raise UsageError(
                f"{option} must be followed by a name, got an empty one; leave {option} out or give a name"
            )


def _refuse_closed_folder(model: str) -> None:
    try:
        Path(model).exists()
    except OSError as error:
        raise BundleError(
            f"bundle {model} cannot be read: {error.strerror}; check the permissions of its folders"
        ) from error


def _files(written: dict[str, Any]) -> dict[str, Path | None]:
    return {field: None if written[field] is None else Path(written[field]) for field in ("jsonl", "video")}


def _numbers(written: dict[str, Any]) -> dict[str, float | None]:
    numbers: dict[str, float | None] = {}
    for field, expected in _NUMBERS.items():
        text = written[field]
        number = None if text is None else expected.number_from(text)
        if number is None and text is not None:
            raise UsageError(f"--{field.replace('_', '-')} must be {expected}, got {text!r}")
        numbers[field] = int(number) if number is not None and expected.whole else number
    return numbers


def _device(text: str) -> str:
    names = [known.value for known in DeviceName]
    if text not in names:
        raise UsageError(f"--device must be one of {', '.join(names)}, got {text!r}")
    return text


def _names_model(word: str) -> bool:
    from edge.bundle.manifest import MANIFEST_FILE
    from edge.bundle.zoo import find_bundle

    try:
        return (find_bundle(word) / MANIFEST_FILE).is_file()
    except (UsageError, OSError):
        return False


def _sources(words: Sequence[str], camera: str | None) -> tuple[str, ...]:
    if camera is not None and words:
        raise UsageError(f"SOURCE {words[0]} and --camera {camera} exclude each other; give one of them")
    if camera is not None:
        return (camera if "://" in camera or camera.startswith(("v4l2:", "csi:")) else f"v4l2:{camera}",)
    if not words:
        raise UsageError(
            "nothing to run on; give a SOURCE, such as clip.mp4, a folder of pictures or test:hands, or --camera"
            " /dev/video0"
        )
    return tuple(words)


def _refuse_mixing(settings: RunSettings) -> None:
    folder = None if settings.run_lengths else settings.mask
    for option, given in {"--video": settings.video, "--mask": folder, "--show": settings.show or None}.items():
        if given is not None and len(settings.sources) > 1:
            raise UsageError(f"{option} takes one SOURCE, got {len(settings.sources)}; run edge-run once for each")


def _refuse_overwriting(settings: RunSettings, source: Path) -> None:
    if settings.mask is not None and _is_same_file(source, Path(settings.mask)):
        raise UsageError(f"SOURCE and --mask are the same folder, {source}; give --mask another name")
    outputs = {
        option: path
        for option, path in {"--jsonl": settings.jsonl, "--video": settings.video}.items()
        if path is not None and str(path) not in STANDARD_OUTPUT
    }
    for option, path in outputs.items():
        if _is_same_file(source, path):
            raise UsageError(f"SOURCE and {option} are the same file, {path}; give {option} another name")
        if _is_picture_in(source, path):
            raise UsageError(f"{option} {path} is a picture of SOURCE {source}; give {option} another name")
    if len(outputs) == 2 and _is_same_file(*outputs.values()):
        path = outputs["--video"]
        raise UsageError(f"--jsonl and --video are the same file, {path}; give --video another name")


def _is_picture_in(source: Path, path: Path) -> bool:
    with suppress(OSError, ValueError):
        if source.is_dir() and path.exists():
            from edge.sources.folder import pictures_below

            return any(_is_same_file(picture, path) for picture in pictures_below(source))
    return False


def _is_same_file(one: Path, other: Path) -> bool:
    with suppress(OSError, ValueError):
        return other.samefile(one) and not other.is_char_device()
    # One of them is yet to be made; in a current folder that was deleted, neither has a place.
    with suppress(OSError, ValueError):
        return os.path.realpath(one) == os.path.realpath(other)
    return False
