# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from edge.cli import run_job
from edge.cli.run import main
from edge.cli.run_settings import RunSettings
from edge.cli.run_words import with_models_repeated

DETECTOR, CLASSIFIER = "hand-detector", "gesture-classifier"
CAMERA = "v4l2:/dev/video0"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> list[RunSettings]:
    """Return a list that gets the settings of each run, and let nothing run."""
    seen: list[RunSettings] = []

    def keep(settings: RunSettings) -> int:
        seen.append(settings)
        return 0

    monkeypatch.setattr(run_job, "run_job", keep)
    return seen


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    monkeypatch.setattr(sys, "argv", ["edge-run", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.parametrize(
    ("words", "source", "models"),
    [
        (("clip.mp4", "--models", DETECTOR, CLASSIFIER), "clip.mp4", (DETECTOR, CLASSIFIER)),
        (("clip.mp4", "--models", DETECTOR, "--models", CLASSIFIER), "clip.mp4", (DETECTOR, CLASSIFIER)),
        (("clip.mp4", f"--models={DETECTOR}", CLASSIFIER, "--json"), "clip.mp4", (DETECTOR, CLASSIFIER)),
        (("--models", DETECTOR, CLASSIFIER, "clip.mp4"), "clip.mp4", (DETECTOR, CLASSIFIER)),
        (("--models", DETECTOR, CLASSIFIER, "--", "clip.mp4"), "clip.mp4", (DETECTOR, CLASSIFIER)),
        (("--models", DETECTOR, CLASSIFIER, "--json", "clip.mp4"), "clip.mp4", (DETECTOR, CLASSIFIER)),
        (("--models", DETECTOR, "clip.mp4", "--threads", "2"), "clip.mp4", (DETECTOR,)),
        (("--camera", "/dev/video0", "--models", DETECTOR, CLASSIFIER), CAMERA, (DETECTOR, CLASSIFIER)),
        (("clip.mp4", "--models", DETECTOR, "gesture-clasifier"), "clip.mp4", (DETECTOR, "gesture-clasifier")),
        (("--models", DETECTOR, "gesture-clasifier", "clip.mp4"), "clip.mp4", (DETECTOR, "gesture-clasifier")),
        (
            ("--camera", "/dev/video0", "--models", DETECTOR, "gesture-clasifier"),
            CAMERA,
            (DETECTOR, "gesture-clasifier"),
        ),
    ],
)
def test_words_behind_models_are_models(
    monkeypatch: pytest.MonkeyPatch,
    settings: list[RunSettings],
    words: tuple[str, ...],
    source: str,
    models: tuple[str, ...],
) -> None:
    assert run(monkeypatch, *words) == 0
    assert [(given.sources, given.models) for given in settings] == [((source,), models)]


@pytest.mark.parametrize("wrong", ["gesture-clasifier", "gesture-clasifiers"])
def test_misspelt_model_is_told_with_the_nearest_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    assert run(monkeypatch, "test:hands", "--models", DETECTOR, wrong) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"no model and no folder '{wrong}'; did you mean 'gesture-classifier'?" in line
    assert "shipped models" in line


def test_models_alone_are_nothing_to_run_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sound_bundle: Path
) -> None:
    assert run(monkeypatch, "--models", DETECTOR, str(sound_bundle / "bundle.json")) == 2
    assert "nothing to run on; give a SOURCE" in capsys.readouterr().err


def test_words_of_other_options_stay_as_they_are() -> None:
    words = ["clip.mp4", "--jsonl", "-", "--threads", "2", "more.mp4", "--", "--models", "a", "b"]
    assert with_models_repeated(words) == words


def test_bundle_in_a_folder_that_may_not_be_entered_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = Path.exists

    def refuse(path: Path, **more: bool) -> bool:
        if path.parts[0] == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **more)

    monkeypatch.setattr(Path, "exists", refuse)
    assert run(monkeypatch, "clip.mp4", "--models", "closed/bundle") == 4
    assert "bundle closed/bundle cannot be read: Permission denied" in capsys.readouterr().err
