# SPDX-License-Identifier: Apache-2.0
"""From the options of `edge-run` to its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.cli.run_outputs import refuse_overwriting
from edge.config import Config, read_config
from edge.config.config import MOST_FRAMES, MOST_THREADS, RUN_LENGTHS
from edge.config.problem import told_problem
from edge.config.sink_settings import JsonLinesSettings, SinkSettings, VideoSettings, WindowSettings
from edge.config.source_settings import SourceSettings
from edge.device import DeviceName
from edge.errors import BundleError, UsageError
from edge.sources.credentials import redacted
from edge.sources.query import NumberOption
from edge.tracking.settings import TrackingSettings

_NUMBERS = {
    "max_frames": NumberOption(1, MOST_FRAMES),
    "threads": NumberOption(1, MOST_THREADS),
    "min_score": NumberOption(0, 1, whole=False),
    "max_age_ms": NumberOption(1, 1e9, whole=False),
}
_SECONDS = NumberOption(0, 60, whole=False)
_HZ = NumberOption(0.001, 1000, whole=False)


def config_from_options(
    *,
    positionals: Sequence[str] = (),
    camera: str | None = None,
    models: Sequence[str] | None = None,
    config: str | None = None,
    needs_source: bool = True,
    **others: Any,  # noqa: ANN401 - the other options, numbers and files as they were written
) -> Config:
    """Return the configuration of a command line; an option replaces what the file `config` says.

    Where no source is named otherwise, the last of several words behind `--models` is it, unless it names a model.

    Raises:
        ConfigError: the file cannot be read or is wrong.
        UsageError: options do not go together, with each other or with the file.
    """
    base, models = Config() if config is None else read_config(config), models or ()
    if not positionals and camera is None and not base.sources and len(models) > 1 and not _names_model(models[-1]):
        *models, last = models
        positionals = [last]
    for word in models:
        _refuse_closed_folder(word)
    files = {field: others.get(field) for field in ("jsonl", "video", "mask")}
    _refuse_empty_names({"--models": models, **{f"--{field}": [name] for field, name in files.items()}})
    tracking = _tracking(others, base.tracking)
    given: dict[str, Any] = {
        **_numbers(others),
        "sources": _sources(positionals, camera),
        "models": tuple(models) or None,
        "device": _device(others.get("device")),
        "reconnect": "never" if others.get("fail_fast") else None,
        "summary": "json" if others.get("json") else None,
        "mask": None if files["mask"] is None else Path(files["mask"]),
        "sinks": _sinks(base, files, show=bool(others.get("show"))),
    }
    if files["mask"] == RUN_LENGTHS and not any(isinstance(sink, JsonLinesSettings) for sink in given["sinks"]):
        raise UsageError(f"--mask {RUN_LENGTHS} goes into the lines of --jsonl; give --jsonl a file too")
    chosen: Config = _checked(
        Config,
        **{**dict(base), "tracking": tracking, **{key: value for key, value in given.items() if value is not None}},
    )
    if needs_source:
        _require_source(chosen)
    _refuse_mixing(chosen)
    refuse_overwriting(chosen)
    return chosen


def _checked(kind: type[Any], **values: Any) -> Any:  # noqa: ANN401 - the model that was asked for
    try:
        return kind(**values)
    except ValidationError as error:
        raise UsageError(told_problem(error, kind, lambda _: None).removeprefix(": ")) from error


def _tracking(written: dict[str, Any], base: TrackingSettings | None) -> TrackingSettings | None:
    """Return how hands are followed, as the options change it; None where they are not."""
    every, rates = written.get("detect_every"), written.get("rate") or ()
    if written.get("no_tracking"):
        if every is not None or rates:
            option = "--rate" if rates else "--detect-every"
            raise UsageError(f"{option} is for hands that are followed; leave out --no-tracking or {option}")
        return None
    if every is None and not rates:
        return base
    chosen: dict[str, Any] = dict(base or TrackingSettings())
    if every is not None:
        chosen["detect_every_s"] = _SECONDS.number_from(every)
        if chosen["detect_every_s"] is None:
            raise UsageError(f"--detect-every must be {_SECONDS}, got {every!r}")
    chosen["rates"] = {**chosen["rates"], **dict(map(_rate, rates))}
    return TrackingSettings(**chosen)


def _rate(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    hz = _HZ.number_from(number) if name else None
    if hz is None:
        raise UsageError(f"--rate must be NAME=HZ, such as hand-segmenter=5, HZ being {_HZ}; got {text!r}")
    return name, hz


def _sinks(base: Config, files: dict[str, str | None], *, show: bool) -> tuple[SinkSettings, ...]:
    """Return the sinks of the file, those of a kind replaced by the one that an option names."""
    named: list[SinkSettings] = []
    if files["jsonl"] is not None:
        named.append(JsonLinesSettings(type="jsonl", path=Path(files["jsonl"])))
    if files["video"] is not None:
        named.append(VideoSettings(type="video", path=Path(files["video"])))
    if show:
        named.append(WindowSettings(type="window"))
    kinds = {sink.type for sink in named}
    return (*(sink for sink in base.sinks if sink.type not in kinds), *named)


def _refuse_mixing(config: Config) -> None:
    if config.summary == "json" and config.lines_on_standard_output:
        raise UsageError("--json and --jsonl - both write to standard output; give --jsonl a file")
    folder = config.mask is not None and not config.run_lengths
    shown = {"--video": config.sinks_of(VideoSettings), "--mask": folder, "--show": config.sinks_of(WindowSettings)}
    for option, given in shown.items():
        if given and len(config.sources) > 1:
            raise UsageError(f"{option} takes one SOURCE, got {len(config.sources)}; run edge-run once for each")


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


def _numbers(written: dict[str, Any]) -> dict[str, float]:
    """Return the numbers that were given."""
    numbers: dict[str, float] = {}
    for field, expected in _NUMBERS.items():
        text = written.get(field)
        if text is None:
            continue
        number = expected.number_from(text)
        if number is None:
            raise UsageError(f"--{field.replace('_', '-')} must be {expected}, got {text!r}")
        numbers[field] = int(number) if expected.whole else number
    return numbers


def _device(text: str | None) -> str | None:
    names = [known.value for known in DeviceName]
    if text is not None and text not in names:
        raise UsageError(f"--device must be one of {', '.join(names)}, got {text!r}")
    return text


def _names_model(word: str) -> bool:
    from edge.bundle.manifest import MANIFEST_FILE
    from edge.bundle.zoo import find_bundle

    try:
        return (find_bundle(word) / MANIFEST_FILE).is_file()
    except (UsageError, OSError):
        return False


def _sources(named: Sequence[str], camera: str | None) -> tuple[SourceSettings, ...] | None:
    """Return the sources of the command line; None where there is none."""
    if camera is not None and named:
        raise UsageError(
            f"SOURCE {redacted(named[0])} and --camera {redacted(camera)} exclude each other; name both as SOURCE"
        )
    if camera is not None:
        named = [camera if "://" in camera or camera.startswith(("v4l2:", "csi:")) else f"v4l2:{camera}"]
    return tuple(_checked(SourceSettings, uri=uri) for uri in named) or None


def _require_source(config: Config) -> None:
    if not config.sources:
        raise UsageError(
            "nothing to run on; give a SOURCE, such as clip.mp4, a folder of pictures or test:hands, or --camera"
            " /dev/video0"
        )
