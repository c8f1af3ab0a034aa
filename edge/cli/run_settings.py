# SPDX-License-Identifier: Apache-2.0
"""The options of `edge-run`, checked against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import UsageError

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What to run on and where results go; None stands for the default.

    Attributes:
        source: what `edge.open_source` takes.
        models: names or folders; empty for the shipped ones.
        jsonl, video: files to write; `-` as `jsonl` is standard output.
    """

    source: str
    models: tuple[str, ...] = ()
    jsonl: Path | None = None
    video: Path | None = None
    show: bool = False
    max_frames: int | None = None
    device: str = "auto"
    threads: int | None = None
    min_score: float | None = None
    json: bool = False

    @classmethod
    def from_options(
        cls,
        *,
        positionals: Sequence[str],
        camera: str | None,
        models: Sequence[str],
        **others: Any,  # noqa: ANN401 - the other fields, as they are
    ) -> Self:
        """Return the settings of a command line. Raises `UsageError` when options do not go together.

        Where no source is named otherwise, the last of several words behind `--models` is it, unless it names a model.
        """
        if not positionals and camera is None and len(models) > 1 and not _names_model(models[-1]):
            *models, last = models
            positionals = [last]
        settings = cls(source=_one_source(positionals, camera), models=tuple(models), **others)
        if settings.json and str(settings.jsonl) == "-":
            raise UsageError("--json and --jsonl - both write to standard output; give --jsonl a file")
        if settings.max_frames is not None and settings.max_frames < 1:
            raise UsageError(f"--max-frames must be at least 1, got {settings.max_frames}")
        _refuse_overwriting(settings)
        return settings


def _names_model(word: str) -> bool:
    from edge.bundle.manifest import MANIFEST_FILE
    from edge.bundle.zoo import find_bundle

    try:
        return (find_bundle(word) / MANIFEST_FILE).is_file()
    except UsageError:
        return False


def _one_source(sources: Sequence[str], camera: str | None) -> str:
    if len(sources) > 1:
        raise UsageError(
            f"expected one SOURCE, got {len(sources)}: {', '.join(sources)}; for many pictures give a folder"
        )
    if camera is not None and sources:
        raise UsageError(f"SOURCE {sources[0]} and --camera {camera} exclude each other; give one of them")
    if camera is not None:
        return camera if camera.startswith("v4l2:") else f"v4l2:{camera}"
    if not sources:
        raise UsageError(
            "nothing to run on; give a SOURCE, such as clip.mp4, a folder of pictures or test:hands, or --camera"
            " /dev/video0"
        )
    return sources[0]


def _refuse_overwriting(settings: RunSettings) -> None:
    named = {"SOURCE": Path(settings.source), "--jsonl": settings.jsonl, "--video": settings.video}
    seen: dict[Path, str] = {}
    for option, path in named.items():
        if path is None or str(path) == "-":
            continue
        where = path.resolve()
        if where in seen and not where.is_char_device():
            raise UsageError(f"{seen[where]} and {option} are the same file, {path}; give {option} another name")
        seen[where] = option
